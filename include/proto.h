/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What synwardd and synward say to each other over the control socket: the Varlink wire format,
 * JSON objects that end in a NUL byte, over an AF_UNIX stream. Names and limits stand here once;
 * what a reply contains is decided in daemon/status.c. See https://varlink.org/Method-Call.
 */
#ifndef SYNWARD_PROTO_H
#define SYNWARD_PROTO_H

#define PROTO_SOCKET_DEFAULT "/run/synward/control.sock"
#define PROTO_SOCKET_GROUP "synward" /* may connect besides root, where that group exists */
#define PROTO_PATH_MAX 107           /* bytes of a socket's path: sun_path less its NUL */

#define PROTO_REQUEST_MAX (64 * 1024) /* bytes of one request, without the NUL */
#define PROTO_REPLY_MAX (1024 * 1024) /* bytes of one reply, without the NUL */
#define PROTO_CLIENTS_MAX 1000        /* beyond it the client nearest to its deadline makes room */
#define PROTO_DEADLINE_SECONDS 5      /* to send a whole request, and again to take a whole reply */

#define PROTO_INTERFACE "org.synward"
#define PROTO_STATUS PROTO_INTERFACE ".Status"
#define PROTO_ERROR_INVALID_REQUEST PROTO_INTERFACE ".InvalidRequest"
#define PROTO_ERROR_FAILED PROTO_INTERFACE ".Failed"

#define VARLINK_INTERFACE "org.varlink.service"
#define VARLINK_GET_INFO VARLINK_INTERFACE ".GetInfo"
#define VARLINK_GET_DESCRIPTION VARLINK_INTERFACE ".GetInterfaceDescription"
#define VARLINK_ERROR_INTERFACE_NOT_FOUND VARLINK_INTERFACE ".InterfaceNotFound"
#define VARLINK_ERROR_METHOD_NOT_FOUND VARLINK_INTERFACE ".MethodNotFound"
#define VARLINK_ERROR_INVALID_PARAMETER VARLINK_INTERFACE ".InvalidParameter"

#endif
