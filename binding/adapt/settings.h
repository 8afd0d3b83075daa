/* The session settings that decide how a value reads: an immutable snapshot, made anew when the server reports a
 * change, and held by every result, so that a later SET never changes how earlier rows decode. */
#ifndef HDPY_SETTINGS_H
#define HDPY_SETTINGS_H

#include "module/state.h"

typedef struct hdpy_settings hdpy_settings;

struct hdpy_settings {
    PyObject_HEAD
    PyObject *encoding;   /* Python codec name of client_encoding, a str */
    bool utf8;            /* encoding is UTF-8 (or unset): the fast road */
    bool bytes_only;      /* client_encoding is SQL_ASCII: text arrives as bytes, as in psycopg */
    char date_style;      /* 'I' ISO, 'G' German, 'S' SQL, 'P' Postgres */
    char date_order;      /* 'D' DMY, 'M' MDY, 'Y' YMD */
    char interval_style;  /* 'p' postgres, 'v' postgres_verbose, 's' sql_standard, 'i' iso_8601 */
    PyObject *timezone;   /* tzinfo of TimeZone; datetime.timezone.utc where it is UTC or unknown */
    bool timezone_is_utc; /* the fast road for timestamptz */
    bool timezone_is_fixed;
    int32_t timezone_offset; /* seconds east of UTC, where it is fixed */
    /* Clients' encodings in which the byte of a backslash or of a brace may end another character: text that is quoted
     * or nested is read and written in UTF-8, under these settings. Else NULL. */
    hdpy_settings *in_utf8;
    PyObject *client_encoding; /* of the settings that have these for in_utf8; else NULL */
};

/* From the values of ParameterStatus as the server sent them (NULL where it has not sent one).
 * An encoding that Python lacks raises NotSupportedError. */
hdpy_settings *hdpy_settings_new(hdpy_state *st, const char *client_encoding, const char *date_style,
                                 const char *interval_style, const char *timezone);

/* Text of one codec in another, as bytes. NULL: UnicodeError. */
PyObject *hdpy_transcode(const char *from, const char *to, hd_span src);

/* A value as the server sent it, for what knows nothing of in_utf8. NULL: UnicodeError. */
PyObject *hdpy_as_sent(const hdpy_settings *s, hd_span src);

/* Bytes of the server's text to str (bytes under SQL_ASCII). */
PyObject *hdpy_decode_text(const hdpy_settings *s, hd_span src);

/* The same for names and messages: always str, with what can't be decoded replaced. */
PyObject *hdpy_decode_name(const hdpy_settings *s, hd_span src);

int hdpy_settings_init(hdpy_state *st, PyObject *module); /* makes the type */

#endif
