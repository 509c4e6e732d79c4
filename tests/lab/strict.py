#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
A client who believes nothing but the Varlink specification (varlink.org: Interface Definition, Method
Call, Service): reads what the service says of its interfaces, by their grammar, and holds each answer
against it: every field is there that must be, of its type, and none that is not described.

  strict.py SOCKET INTERFACE METHOD...   METHOD: called without parameters; says what held, one a line
"""
import json
import re
import socket
import sys

MESSAGE_KEYS = {"parameters", "continues", "error"}
TOKEN = re.compile(r"\s+|#[^\n]*\n|(\[\]|\[string\]|->|[(),:?]|[A-Za-z][A-Za-z0-9_.-]*)")
INTERFACE_NAME = re.compile(r"[A-Za-z](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)+")
TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
FIELD_NAME = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
BASE_TYPES = {"bool": bool, "int": int, "float": (int, float), "string": str, "object": dict}


def need(truth, *words):
    if not truth:
        sys.exit("strict: " + " ".join(str(w) for w in words))


# ---- the interface definition ----


class Definition:
    """Types, methods and errors of one interface, as its text has them."""

    def __init__(self, text):
        self.tokens = self.split(text)
        self.types, self.methods, self.errors = {}, {}, {}
        need(self.take() == "interface", "a definition begins with 'interface'")
        self.name = self.take(INTERFACE_NAME)
        while self.tokens:
            self.member()
        for name in self.used:
            need(name in self.types, "type", name, "is used and not defined")

    used = set()

    @staticmethod
    def split(text):
        tokens, at = [], 0
        while at < len(text):
            match = TOKEN.match(text, at)
            need(match, "no token:", repr(text[at : at + 40]))
            if match[1]:
                tokens.append(match[1])
            at = match.end()
        return tokens

    def take(self, wanted=None):
        need(self.tokens, "the definition ends in the middle")
        token = self.tokens.pop(0)
        if isinstance(wanted, str):
            need(token == wanted, repr(wanted), "is wanted, not", token)
        elif wanted:
            need(wanted.fullmatch(token), token, "is no name that may stand there")
        return token

    def member(self):
        kind, name = self.take(), self.take(TYPE_NAME)
        into = {"type": self.types, "method": self.methods, "error": self.errors}.get(kind)
        need(into is not None, "no member begins with", kind)
        # Whatever their kinds: systemd's reader has one table for all.
        need(all(name not in members for members in (self.types, self.methods, self.errors)), name, "is defined twice")
        if kind == "method":
            parameters = self.structure()
            self.take("->")
            into[name] = (parameters, self.structure())
        else:
            into[name] = self.structure()

    def structure(self):
        """("struct", {field: type}) or ("enum", {word})."""
        self.take("(")
        fields, words = {}, set()
        while self.tokens[0] != ")":
            if fields or words:
                self.take(",")
            name = self.take(FIELD_NAME)
            need(name not in fields and name not in words, name, "stands there twice")
            if self.tokens[0] == ":":
                self.take(":")
                fields[name] = self.type()
            else:
                words.add(name)
            need(not (fields and words), name, "mixes a struct and an enum")
        self.take(")")
        return ("enum", words) if words else ("struct", fields)

    def type(self, may_be_maybe=True):
        token = self.tokens[0]
        if token == "(":
            return self.structure()
        self.take()
        if token == "?":
            need(may_be_maybe, "a '?' stands where systemd's reader takes none")
            return ("maybe", self.type(False))
        if token in ("[]", "[string]"):
            # The specification has '[]?', systemd's reader (257) has not.
            return ("array" if token == "[]" else "dict", self.type(False))
        if token not in BASE_TYPES:
            need(TYPE_NAME.fullmatch(token), token, "is no type")
            self.used = self.used | {token}
            return ("name", token)
        return ("base", token)

    def check(self, value, kind, where):
        """Is that what the type says?"""
        what, of = kind
        if what == "maybe":
            if value is not None:
                self.check(value, of, where)
        elif what == "name":
            self.check(value, self.types[of], where)
        elif what == "base":
            need(isinstance(value, BASE_TYPES[of]), where, "is no", of + ":", value)
            need(of == "bool" or not isinstance(value, bool), where, "is no", of + ":", value)
            need(of != "int" or -(1 << 63) <= value < 1 << 63, where, "is out of range:", value)
        elif what == "enum":
            need(value in of, where, "is", value, "and none of", sorted(of))
        elif what == "array":
            need(isinstance(value, list), where, "is no array:", value)
            for i, one in enumerate(value):
                self.check(one, of, f"{where}[{i}]")
        elif what == "dict":
            need(isinstance(value, dict), where, "is no object:", value)
            for name, one in value.items():
                self.check(one, of, f"{where}.{name}")
        else:
            need(isinstance(value, dict), where, "is no object:", value)
            for name in value:
                need(name in of, where, "has", name, "which is not described")
            for name, one in of.items():
                need(name in value or one[0] == "maybe", where, "has no", name)
                self.check(value.get(name), one, f"{where}.{name}")


# ---- calls ----


def no_double(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "a name twice in", pairs)
    return dict(pairs)


class Service:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(path)
        self.rest = b""

    def call(self, method, parameters=None, **flags):
        call = {"method": method, **flags}
        if parameters is not None:
            call["parameters"] = parameters
        self.sock.sendall(json.dumps(call).encode() + b"\0")

    def reply(self):
        while b"\0" not in self.rest:
            more = self.sock.recv(1 << 20)
            need(more, "the service closed the connection")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text.decode("utf-8"), object_pairs_hook=no_double)
        need(isinstance(message, dict) and set(message) <= MESSAGE_KEYS, "no reply:", message)
        need(isinstance(message.get("parameters", {}), dict), "parameters are no object")
        need(isinstance(message.get("continues", False), bool), "continues is no truth value")
        return message

    def ask(self, method, parameters=None, **flags):
        self.call(method, parameters, **flags)
        message = self.reply()
        need(not message.get("continues"), method, "continues, unasked for")
        return message

    def good(self, method, parameters=None):
        message = self.ask(method, parameters)
        need("error" not in message, method, "says", message)
        return message.get("parameters", {})

    def refused(self, error, method, parameters=None, **flags):
        """An error of that name; its parameters."""
        message = self.ask(method, parameters, **flags)
        need(message.get("error") == error, method, "says", message, "and not", error)
        return message.get("parameters", {})


SERVICE = "org.varlink.service"


def main(path, interface, *methods):
    service = Service(path)
    info = service.good(SERVICE + ".GetInfo")
    need({SERVICE, interface} <= set(info["interfaces"]), "interfaces are", info["interfaces"])
    described = {}
    for name in info["interfaces"]:
        text = service.good(SERVICE + ".GetInterfaceDescription", {"interface": name})
        described[name] = Definition(text["description"])
        need(described[name].name == name, "the description of", name, "is another's")
    described[SERVICE].check(info, described[SERVICE].methods["GetInfo"][1], "GetInfo")
    print("described:", ", ".join(sorted(described)))

    own = described[interface]
    for name in methods:
        own.check(service.good(f"{interface}.{name}"), own.methods[name][1], name)
        print("as described:", name)

    def refuses(method, parameters):
        said = service.refused(SERVICE + ".InvalidParameter", method, parameters, more=True)
        described[SERVICE].check(said, general["InvalidParameter"], method)

    general = described[SERVICE].errors
    for name, (takes, _) in own.methods.items():
        refuses(f"{interface}.{name}", {"no_such": 1})
        for field in takes[1]:
            refuses(f"{interface}.{name}", {field: []})
    print("refused: parameters that are not described, and those of another type")

    for method, error in [
        (interface + ".NoSuch", "MethodNotFound"),
        (SERVICE + ".NoSuch", "MethodNotFound"),
        ("org.example.NoSuch", "InterfaceNotFound"),
    ]:
        described[SERVICE].check(service.refused(f"{SERVICE}.{error}", method), general[error], method)
    service.refused(SERVICE + ".ExpectedMore", interface + ".Monitor")
    service.call(SERVICE + ".GetInfo", oneway=True)  # no answer: the next one is of the next call
    need("interfaces" not in service.good(interface + ".Thresholds"), "oneway was answered")
    print("errors and oneway are as specified")


if __name__ == "__main__":
    main(*sys.argv[1:])
