/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The screens that test_top_screen.c wants, as they are seen.
 */
#ifndef SYNWARD_TOP_SCREENS_H
#define SYNWARD_TOP_SCREENS_H

/* clang-format off */
#define SCREEN_80X24 \
	"synward top  0.1 up 2 h 3 min  1 of 2 armed                            05:20:31Z\n" \
	"SYN/s 1.01M      #  cookies/s 1.00M sent 12 valid 0 inval  served/s 0\n" \
	"half-open 1.00M, of them 164 in the kernel; dropped/s 34.0k\n" \
	"per packet XDP 63 ns x 1.05M/s = 6.6% CPU\n" \
	"\n" \
	" SERVICE      STATE  vSYN/S         HALF KERNEL BACKLOG  SENT VALID INVAL SERVED\n" \
	">web:443      armed   1.01M      # 1.00M     64    4096 1.00M    12     0      0\n" \
	" a-very-l~:25 monitor     0      _   100    100     128     0     0     0      0\n" \
	"\n" \
	"DROPPED                    /S    ALL    ATTACKS, AND FROM WHERE\n" \
	"syn_denied              34.0k  34.0k    web:443 for 1 min 15 s\n" \
	"ack_cookie_invalid          0      3       61.4% 203.0.113.0/24\n" \
	"                                            5.0% 2001:db8:abcd::/48\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"q quit  h help  up/down pick  left/right sort  enter detail  a arm  d disarm\n"

#define SCREEN_DETAIL \
	"synward top  0.1 up 2 h 3 min  1 of 2 armed                            05:20:31Z\n" \
	"SYN/s 1.01M      #  cookies/s 1.00M sent 12 valid 0 inval  served/s 0\n" \
	"half-open 1.00M, of them 164 in the kernel; dropped/s 34.0k\n" \
	"per packet XDP 63 ns x 1.05M/s = 6.6% CPU\n" \
	"\n" \
	" SERVICE      STATE  vSYN/S         HALF KERNEL BACKLOG  SENT VALID INVAL SERVED\n" \
	">web:443      armed   1.01M      # 1.00M     64    4096 1.00M    12     0      0\n" \
	" a-very-l~:25 monitor     0      _   100    100     128     0     0     0      0\n" \
	"\n" \
	"web:443  mode auto, path cookie, armed for 28 s more\n" \
	"attacked for 1 min 15 s: half_open was 130, threshold 128\n" \
	"arms at 128 half-open (tuned) or 5000 SYN/s (pinned), for 30 s\n" \
	"half-open 1000128 (305.2 MiB spared), kernel 64/4096, accept queue 1, flows 70\n" \
	"in all: SYNs 2.01M; cookies 1.90M sent, 52 valid, 3 invalid; served 60\n" \
	"SYN/s                                                                          #\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"\n" \
	"q quit  h help  up/down pick  left/right sort  enter detail  a arm  d disarm\n"

#define SCREEN_40X8 \
	"synward top  0.1 up 2 h 3 min  05:20:31Z\n" \
	"SYN/s 1.01M      #  cookies/s 1.00M sent\n" \
	" SERVICE      STATE  vSYN/S  HALF KERNEL\n" \
	">web:443      armed   1.01M 1.00M     64\n" \
	" a-very-l~:25 monitor     0   100    100\n" \
	"\n" \
	"\n" \
	"q quit  h help  up/down pick  left/right\n"

#define SCREEN_20X3 \
	"synward top  0.1 up\n" \
	" SERVICE      vSYN/S\n" \
	">web:443       1.01M\n"

/* clang-format on */

#endif
