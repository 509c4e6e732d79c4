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
#define PROTO_SUBSCRIBERS_MAX 64      /* clients of Monitor; they are not bound to make requests */
#define PROTO_SUBSCRIBERS_ROOT 8      /* of which so many are root's */
#define PROTO_PAGE_MAX 1000           /* entries in one reply of Handshakes or List */
#define PROTO_ARM_SECONDS_MAX (365U * 86400)
#define PROTO_LIST_SECONDS_MAX (365U * 86400)
#define PROTO_CONFIRM_SECONDS_MAX 3600U
#define PROTO_ARMED_WITHOUT_END 2147483647 /* as armed_until_seconds */

#define PROTO_INTERFACE "org.synward"
#define PROTO_STATUS PROTO_INTERFACE ".Status"
#define PROTO_THRESHOLDS PROTO_INTERFACE ".Thresholds"
#define PROTO_HANDSHAKES PROTO_INTERFACE ".Handshakes"
#define PROTO_SET PROTO_INTERFACE ".Set"
#define PROTO_ARM PROTO_INTERFACE ".Arm"
#define PROTO_DISARM PROTO_INTERFACE ".Disarm"
#define PROTO_SET_MODE PROTO_INTERFACE ".SetMode"
#define PROTO_LIST PROTO_INTERFACE ".List"
#define PROTO_LIST_ADD PROTO_INTERFACE ".ListAdd"
#define PROTO_LIST_DELETE PROTO_INTERFACE ".ListDelete"
#define PROTO_DOCTOR PROTO_INTERFACE ".Doctor"
#define PROTO_SELF_TEST PROTO_INTERFACE ".SelfTest"
#define PROTO_RELOAD PROTO_INTERFACE ".Reload"
#define PROTO_ROTATE_KEY PROTO_INTERFACE ".RotateKey"
#define PROTO_ATTACH PROTO_INTERFACE ".Attach"
#define PROTO_CONFIRM PROTO_INTERFACE ".Confirm"
#define PROTO_DETACH PROTO_INTERFACE ".Detach"
#define PROTO_MONITOR PROTO_INTERFACE ".Monitor"
#define PROTO_TRACE PROTO_INTERFACE ".Trace"

/* Each has a parameter `reason`, the line for the user; but InvalidConfig `errors`, all lines. */
#define PROTO_ERROR_INVALID_REQUEST PROTO_INTERFACE ".InvalidRequest"
#define PROTO_ERROR_INVALID_ARGUMENT PROTO_INTERFACE ".InvalidArgument"
#define PROTO_ERROR_REFUSED PROTO_INTERFACE ".Refused"
#define PROTO_ERROR_PERMISSION_DENIED PROTO_INTERFACE ".PermissionDenied"
#define PROTO_ERROR_INVALID_CONFIG PROTO_INTERFACE ".InvalidConfig"
#define PROTO_ERROR_FAILED PROTO_INTERFACE ".Failed"

#define VARLINK_INTERFACE "org.varlink.service"
#define VARLINK_GET_INFO VARLINK_INTERFACE ".GetInfo"
#define VARLINK_GET_DESCRIPTION VARLINK_INTERFACE ".GetInterfaceDescription"
#define VARLINK_ERROR_INTERFACE_NOT_FOUND VARLINK_INTERFACE ".InterfaceNotFound"
#define VARLINK_ERROR_METHOD_NOT_FOUND VARLINK_INTERFACE ".MethodNotFound"
#define VARLINK_ERROR_INVALID_PARAMETER VARLINK_INTERFACE ".InvalidParameter"
#define VARLINK_ERROR_EXPECTED_MORE VARLINK_INTERFACE ".ExpectedMore"

#endif
