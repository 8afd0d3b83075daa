#include "adapt/settings.h"

#include "adapt/datetime_api.h"

/* Names of pg_char_to_encoding() without their '-' and '_', in upper case, and Python's codec.
 * PostgreSQL documentation, 23.3.1 "Supported Character Sets". Python has no EUC_TW and no MULE_INTERNAL. */
static const struct {
    const char *server;
    const char *python;
} encodings[] = {
    {"UTF8", "utf-8"},
    {"UNICODE", "utf-8"},
    {"SQLASCII", "ascii"},
    {"LATIN1", "iso8859-1"},
    {"ISO88591", "iso8859-1"},
    {"LATIN2", "iso8859-2"},
    {"ISO88592", "iso8859-2"},
    {"LATIN3", "iso8859-3"},
    {"ISO88593", "iso8859-3"},
    {"LATIN4", "iso8859-4"},
    {"ISO88594", "iso8859-4"},
    {"LATIN5", "iso8859-9"},
    {"ISO88599", "iso8859-9"},
    {"LATIN6", "iso8859-10"},
    {"ISO885910", "iso8859-10"},
    {"LATIN7", "iso8859-13"},
    {"ISO885913", "iso8859-13"},
    {"LATIN8", "iso8859-14"},
    {"ISO885914", "iso8859-14"},
    {"LATIN9", "iso8859-15"},
    {"ISO885915", "iso8859-15"},
    {"LATIN10", "iso8859-16"},
    {"ISO885916", "iso8859-16"},
    {"ISO88595", "iso8859-5"},
    {"ISO88596", "iso8859-6"},
    {"ISO88597", "iso8859-7"},
    {"ISO88598", "iso8859-8"},
    {"WIN1250", "cp1250"},
    {"WIN1251", "cp1251"},
    {"WIN", "cp1251"},
    {"WIN1252", "cp1252"},
    {"WIN1253", "cp1253"},
    {"WIN1254", "cp1254"},
    {"WIN1255", "cp1255"},
    {"WIN1256", "cp1256"},
    {"WIN1257", "cp1257"},
    {"WIN1258", "cp1258"},
    {"ABC", "cp1258"},
    {"TCVN", "cp1258"},
    {"TCVN5712", "cp1258"},
    {"VSCII", "cp1258"},
    {"WIN866", "cp866"},
    {"ALT", "cp866"},
    {"WIN874", "cp874"},
    {"KOI8R", "koi8-r"},
    {"KOI8", "koi8-r"},
    {"KOI8U", "koi8-u"},
    {"EUCJP", "euc_jp"},
    {"EUCJIS2004", "euc_jis_2004"},
    {"SJIS", "shift_jis"},
    {"MSKANJI", "shift_jis"},
    {"SHIFTJIS", "shift_jis"},
    {"WIN932", "shift_jis"},
    {"WINDOWS932", "shift_jis"},
    {"SHIFTJIS2004", "shift_jis_2004"},
    {"EUCCN", "gb2312"},
    {"GBK", "gbk"},
    {"WIN936", "gbk"},
    {"WINDOWS936", "gbk"},
    {"GB18030", "gb18030"},
    {"BIG5", "big5"},
    {"WIN950", "big5"},
    {"WINDOWS950", "big5"},
    {"EUCKR", "euc_kr"},
    {"JOHAB", "johab"},
    {"UHC", "cp949"},
    {"WIN949", "cp949"},
    {"WINDOWS949", "cp949"},
};

/* Those of them in which the second byte of a character may be ASCII. */
static const char *const overlapping[] = {"shift_jis", "shift_jis_2004", "big5", "gbk", "gb18030", "johab", "cp949"};

enum { ENCODING_NAME_MAX = 32 };

/* NULL: Python has no codec for it. */
static const char *
find_codec(const char *server_name)
{
    char name[ENCODING_NAME_MAX];
    size_t n = 0;
    for (const char *p = server_name; *p != 0; p++) {
        if (*p == '-' || *p == '_')
            continue;
        if (n == sizeof name - 1)
            return NULL;
        name[n++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    }
    name[n] = 0;
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        if (strcmp(encodings[i].server, name) == 0)
            return encodings[i].python;
    }
    return NULL;
}

static int
set_encoding(hdpy_state *st, hdpy_settings *s, const char *server_name)
{
    const char *codec = server_name == NULL ? "utf-8" : find_codec(server_name);
    if (codec == NULL) {
        PyErr_Format(st->NotSupportedError, "codec not available in Python: '%s'", server_name);
        return -1;
    }
    s->utf8 = strcmp(codec, "utf-8") == 0;
    s->bytes_only = strcmp(codec, "ascii") == 0;
    s->encoding = PyUnicode_FromString(codec);
    return s->encoding == NULL ? -1 : 0;
}

/* "ISO, MDY", "German, DMY", ... A server that has not said answers as a fresh one does. */
static void
set_date_style(hdpy_settings *s, const char *value)
{
    if (value == NULL)
        value = "ISO, MDY";
    const char *comma = strchr(value, ',');
    s->date_style = value[0];
    s->date_order = 'M';
    if (comma != NULL) {
        comma++;
        while (*comma == ' ')
            comma++;
        if (*comma == 'D' || *comma == 'Y')
            s->date_order = *comma;
    }
}

static void
set_interval_style(hdpy_settings *s, const char *value)
{
    if (value == NULL || strcmp(value, "postgres") == 0)
        s->interval_style = 'p';
    else
        s->interval_style = strcmp(value, "postgres_verbose") == 0 ? 'v' : value[0];
}

/* A zone whose offset never changes answers utcoffset(None). */
static int
set_fixed_offset(hdpy_state *st, hdpy_settings *s)
{
    PyObject *delta = PyObject_CallMethodOneArg(s->timezone, st->str_utcoffset, Py_None);
    if (delta == NULL)
        return -1;
    if (delta != Py_None) {
        s->timezone_is_fixed = true;
        s->timezone_offset = PyDateTime_DELTA_GET_DAYS(delta) * 86400 + PyDateTime_DELTA_GET_SECONDS(delta);
    }
    Py_DECREF(delta);
    return 0;
}

static int
set_timezone(hdpy_state *st, hdpy_settings *s, const char *server_name)
{
    if (server_name == NULL || strcmp(server_name, "UTC") == 0) {
        s->timezone = Py_NewRef(hdpy_datetime(st)->TimeZone_UTC);
    }
    else {
        PyObject *name = PyUnicode_DecodeUTF8(server_name, (Py_ssize_t)strlen(server_name), "replace");
        if (name == NULL)
            return -1;
        PyObject *find = hdpy_import_once(&st->find_zone, "howdah._zones", "find_zone"); /* borrowed */
        s->timezone = find ? PyObject_CallOneArg(find, name) : NULL;
        Py_DECREF(name);
        if (s->timezone == NULL)
            return -1;
    }
    s->timezone_is_utc = s->timezone == hdpy_datetime(st)->TimeZone_UTC;
    return set_fixed_offset(st, s);
}

/* After the rest, where the encoding is one of those that overlap with ASCII. */
static int
set_in_utf8(hdpy_state *st, hdpy_settings *s)
{
    bool overlaps = false;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(overlapping); i++)
        overlaps = overlaps || PyUnicode_CompareWithASCIIString(s->encoding, overlapping[i]) == 0;
    if (!overlaps)
        return 0;
    PyTypeObject *type = (PyTypeObject *)st->settings_type;
    hdpy_settings *twin = s->in_utf8 = (hdpy_settings *)type->tp_alloc(type, 0);
    if (twin == NULL || set_encoding(st, twin, NULL) < 0)
        return -1;
    twin->date_style = s->date_style;
    twin->date_order = s->date_order;
    twin->interval_style = s->interval_style;
    twin->timezone = Py_NewRef(s->timezone);
    twin->timezone_is_utc = s->timezone_is_utc;
    twin->timezone_is_fixed = s->timezone_is_fixed;
    twin->timezone_offset = s->timezone_offset;
    twin->client_encoding = Py_NewRef(s->encoding);
    return 0;
}

hdpy_settings *
hdpy_settings_new(hdpy_state *st, const char *client_encoding, const char *date_style, const char *interval_style,
                  const char *timezone)
{
    PyTypeObject *type = (PyTypeObject *)st->settings_type;
    hdpy_settings *s = (hdpy_settings *)type->tp_alloc(type, 0);
    if (s == NULL)
        return NULL;
    set_date_style(s, date_style);
    set_interval_style(s, interval_style);
    if (set_encoding(st, s, client_encoding) < 0 || set_timezone(st, s, timezone) < 0 || set_in_utf8(st, s) < 0) {
        Py_DECREF(s);
        return NULL;
    }
    return s;
}

PyObject *
hdpy_transcode(const char *from, const char *to, hd_span src)
{
    PyObject *str = PyUnicode_Decode((const char *)src.p, (Py_ssize_t)src.n, from, NULL);
    PyObject *bytes = str ? PyUnicode_AsEncodedString(str, to, NULL) : NULL;
    Py_XDECREF(str);
    return bytes;
}

PyObject *
hdpy_as_sent(const hdpy_settings *s, hd_span src)
{
    if (HD_LIKELY(s->client_encoding == NULL))
        return PyBytes_FromStringAndSize((const char *)src.p, (Py_ssize_t)src.n);
    return hdpy_transcode("utf-8", PyUnicode_AsUTF8(s->client_encoding), src);
}

PyObject *
hdpy_decode_text(const hdpy_settings *s, hd_span src)
{
    const char *p = (const char *)src.p;
    if (HD_LIKELY(s->utf8))
        return PyUnicode_DecodeUTF8(p, (Py_ssize_t)src.n, NULL);
    if (s->bytes_only)
        return PyBytes_FromStringAndSize(p, (Py_ssize_t)src.n);
    return PyUnicode_Decode(p, (Py_ssize_t)src.n, PyUnicode_AsUTF8(s->encoding), NULL);
}

PyObject *
hdpy_decode_name(const hdpy_settings *s, hd_span src)
{
    /* SQL_ASCII promises nothing, and UTF-8 is what such bytes mostly are */
    const char *codec = s->bytes_only ? "utf-8" : PyUnicode_AsUTF8(s->encoding);
    return PyUnicode_Decode((const char *)src.p, (Py_ssize_t)src.n, codec, "replace");
}

static void
settings_dealloc(PyObject *self)
{
    hdpy_settings *s = (hdpy_settings *)self;
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(s->encoding);
    Py_XDECREF(s->timezone);
    Py_XDECREF((PyObject *)s->in_utf8);
    Py_XDECREF(s->client_encoding);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot settings_slots[] = {
    {Py_tp_dealloc, settings_dealloc},
    {0, NULL},
};

static PyType_Spec settings_spec = {
    .name = "howdah._howdah.Settings",
    .basicsize = sizeof(hdpy_settings),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = settings_slots,
};

static PyObject *
import_name(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    if (module == NULL)
        return NULL;
    PyObject *value = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return value;
}

int
hdpy_settings_init(hdpy_state *st, PyObject *module)
{
    /* The capsule is asked for per interpreter and never through PyDateTime_IMPORT, whose pointer is a C static. */
    st->datetime_capsule = import_name("datetime", "datetime_CAPI");
    if (st->datetime_capsule == NULL)
        return -1;
    st->datetime_api = PyCapsule_GetPointer(st->datetime_capsule, PyDateTime_CAPSULE_NAME);
    if (st->datetime_api == NULL)
        return -1;
    st->settings_type = PyType_FromModuleAndSpec(module, &settings_spec, NULL);
    return st->settings_type == NULL ? -1 : 0;
}
