# SPDX-License-Identifier: GPL-2.0-only
#
# A screen of a terminal, as `tmux capture-pane -e -p` prints it, as an SVG picture. Knows bold, dim, reverse, the
# eight colours and the bars of synward top; what it does not know it says, and fails.
#
#   LC_ALL=C awk -v columns=80 -v title=TEXT -f ansi2svg.awk <screen >picture.svg

BEGIN {
	width = 8.4; height = 18; margin = 14
	for (i = 1; i < 256; i++)
		code[sprintf("%c", i)] = i
	split("#e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #dcdfe4", of_color, " ") # 31 to 37
	plain = "#dcdfe4"; dim = "#8b93a1"; ground = "#1e222a"
	print_style("0")
}

function print_style(parameters,    all, nr, i, p) {
	nr = split(parameters == "" ? "0" : parameters, all, ";")
	for (i = 1; i <= nr; i++) {
		p = all[i] + 0
		if (p == 0) { is_bold = is_dim = is_reverse = 0; color = "" }
		else if (p == 1) is_bold = 1
		else if (p == 2) is_dim = 1
		else if (p == 7) is_reverse = 1
		else if (p == 22) is_bold = is_dim = 0
		else if (p == 27) is_reverse = 0
		else if (p == 39) color = ""
		else if (p == 49) continue # the ground is never another one
		else if (p >= 31 && p <= 37) color = of_color[p - 30]
		else complain("style " p)
	}
}

function complain(what) {
	print "ansi2svg: line " NR ": unknown " what > "/dev/stderr"
	has_failed = 1
	exit 1
}

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

function rect(x, y, w, h, fill) {
	body = body sprintf("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, w, h, fill)
}

function ink() { return is_dim ? dim : color == "" ? plain : color }
function left(x) { return margin + x * width }
function top() { return 2 * margin + 12 + (NR - 1) * height }

# What has been gathered in one style, from column `begin` on.
function flush_text(    fill, nr) {
	nr = length(text)
	if (nr && is_reverse)
		rect(left(begin), top(), nr * width, height, ink())
	if (text ~ /[^ ]/)
		body = body sprintf("<text x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\" fill=\"%s\"%s>%s</text>\n", left(begin),
			top() + 13.5, nr * width, is_reverse ? ground : ink(), is_bold ? " font-weight=\"bold\"" : "",
			escaped(text))
	begin += nr
	text = ""
}

# U+2581 to U+2588: that many eighths of the cell, from below.
function bar(eighths) {
	flush_text()
	if (is_reverse)
		rect(left(begin), top(), width, height, ink())
	rect(left(begin), top() + height - (height - 2) * eighths / 8, width - 0.6, (height - 2) * eighths / 8,
		is_reverse ? ground : ink())
	begin++
}

{
	begin = 0; text = ""
	for (rest = $0; rest != "";) {
		if (match(rest, /^\033\[[0-9;]*m/)) {
			flush_text()
			print_style(substr(rest, 3, RLENGTH - 3))
			rest = substr(rest, RLENGTH + 1)
		} else if (substr(rest, 1, 2) == "\342\226") {
			bar(code[substr(rest, 3, 1)] - 128)
			rest = substr(rest, 4)
		} else if (match(rest, /^[ -~]/)) {
			text = text substr(rest, 1, 1)
			rest = substr(rest, 2)
		} else {
			complain("byte " code[substr(rest, 1, 1)])
		}
	}
	flush_text()
}

END {
	if (has_failed)
		exit 1
	w = 2 * margin + columns * width
	h = 3 * margin + 12 + NR * height
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\"", w, h, w, h
	printf " font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n"
	printf "<title>%s</title>\n", escaped(title)
	printf "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"%s\"/>\n", w, h, ground
	for (i = 0; i < 3; i++)
		printf "<circle cx=\"%d\" cy=\"%d\" r=\"5\" fill=\"%s\"/>\n", margin + 6 + 17 * i, margin + 2, of_color[i + 1]
	printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">%s</text>\n", w / 2, margin + 7, dim, escaped(title)
	printf "%s</svg>\n", body
}
