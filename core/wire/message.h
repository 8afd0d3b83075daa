/* The first byte of every message of protocol 3 (PostgreSQL documentation, 54.7 "Message Formats"). */
#ifndef HD_MESSAGE_H
#define HD_MESSAGE_H

typedef enum hd_backend {
    HD_BE_AUTHENTICATION = 'R',
    HD_BE_BACKEND_KEY_DATA = 'K',
    HD_BE_BIND_COMPLETE = '2',
    HD_BE_CLOSE_COMPLETE = '3',
    HD_BE_COMMAND_COMPLETE = 'C',
    HD_BE_COPY_BOTH_RESPONSE = 'W',
    HD_BE_COPY_DATA = 'd',
    HD_BE_COPY_DONE = 'c',
    HD_BE_COPY_IN_RESPONSE = 'G',
    HD_BE_COPY_OUT_RESPONSE = 'H',
    HD_BE_DATA_ROW = 'D',
    HD_BE_EMPTY_QUERY_RESPONSE = 'I',
    HD_BE_ERROR_RESPONSE = 'E',
    HD_BE_FUNCTION_CALL_RESPONSE = 'V',
    HD_BE_NEGOTIATE_PROTOCOL_VERSION = 'v',
    HD_BE_NO_DATA = 'n',
    HD_BE_NOTICE_RESPONSE = 'N',
    HD_BE_NOTIFICATION_RESPONSE = 'A',
    HD_BE_PARAMETER_DESCRIPTION = 't',
    HD_BE_PARAMETER_STATUS = 'S',
    HD_BE_PARSE_COMPLETE = '1',
    HD_BE_PORTAL_SUSPENDED = 's',
    HD_BE_READY_FOR_QUERY = 'Z',
    HD_BE_ROW_DESCRIPTION = 'T',
} hd_backend;

typedef enum hd_frontend {
    HD_FE_BIND = 'B',
    HD_FE_CLOSE = 'C',
    HD_FE_COPY_DATA = 'd',
    HD_FE_COPY_DONE = 'c',
    HD_FE_COPY_FAIL = 'f',
    HD_FE_DESCRIBE = 'D',
    HD_FE_EXECUTE = 'E',
    HD_FE_FLUSH = 'H',
    HD_FE_FUNCTION_CALL = 'F',
    HD_FE_PARSE = 'P',
    HD_FE_PASSWORD = 'p', /* PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse */
    HD_FE_QUERY = 'Q',
    HD_FE_SYNC = 'S',
    HD_FE_TERMINATE = 'X',
} hd_frontend;

/* Formats of parameters and columns on the wire. */
typedef enum hd_format { HD_TEXT = 0, HD_BINARY = 1 } hd_format;

#endif
