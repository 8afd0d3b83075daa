#include "text/copy.h"

enum {
    HEADER_EXTENSION_MAX = 64 * 1024, /* no server sends any */
};

static const char signature[11] = "PGCOPY\n\377\r\n"; /* its NUL included */
static const uint32_t critical_flags = 0xffff0000u;

hd_copy_encoding
hd_copy_encoding_of(const char *codec)
{
    static const char *const double_byte[] = {"big5", "cp949", "gb18030", "gbk", "johab"};
    if (strncmp(codec, "shift_jis", strlen("shift_jis")) == 0)
        return HD_COPY_SHIFT_JIS;
    for (size_t i = 0; i < sizeof(double_byte) / sizeof(double_byte[0]); i++) {
        if (strcmp(codec, double_byte[i]) == 0)
            return HD_COPY_DOUBLE_BYTE;
    }
    return HD_COPY_SAFE;
}

/* Bytes that the character at p takes up of the `left` ones, as far as it matters. */
static inline size_t
width(const uint8_t *p, size_t left, hd_copy_encoding encoding)
{
    uint8_t lead = *p;
    if (HD_LIKELY(encoding == HD_COPY_SAFE || lead < 0x81 || left == 1))
        return 1;
    if (encoding == HD_COPY_SHIFT_JIS && lead > 0x9f && lead < 0xe0)
        return 1; /* half-width katakana */
    return 2;
}

/* ---- text: writing */

/* The letter behind the backslash for this byte, or 0. */
static inline uint8_t
letter_of(uint8_t byte)
{
    static const uint8_t letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',
                                      ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r'};
    if (HD_LIKELY(byte > '\r'))
        return byte == '\\' ? '\\' : 0;
    return letters[byte];
}

/* True where none of eight bytes is below 0x0e or a backslash, so that none ends a field or needs an escape. */
static inline bool
plain_word(const uint8_t *p)
{
    static const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t w;
    memcpy(&w, p, 8);
    uint64_t x = w ^ (ones * '\\');
    uint64_t low = (w - ones * 0x0e) & ~w;
    uint64_t backslash = (x - ones) & ~x;
    return ((low | backslash) & highs) == 0;
}

/* The first byte from `i` on that has to be escaped, or n. */
static size_t
next_special(const uint8_t *p, size_t i, size_t n, hd_copy_encoding encoding)
{
    while (i < n) {
        if (encoding == HD_COPY_SAFE && n - i >= 8 && plain_word(p + i)) {
            i += 8;
            continue;
        }
        if (letter_of(p[i]) != 0)
            return i;
        i += width(p + i, n - i, encoding);
    }
    return n;
}

void
hd_copy_escape(hd_writer *w, size_t at, hd_copy_encoding encoding)
{
    if (w->rc != HD_OK)
        return;
    const size_t n = w->n;
    const size_t first = next_special(w->p, at, n, encoding);
    size_t extra = 0;
    for (size_t i = first; i < n; i = next_special(w->p, i + 1, n, encoding))
        extra++;
    if (extra == 0 || !hd_writer_reserve(w, extra))
        return;
    /* The value from its first special byte on moves out of the way, behind where its escaped form will end. */
    uint8_t *to = w->p + first, *from = w->p + first + extra;
    memmove(from, to, n - first);
    for (size_t left = n - first; left != 0;) {
        size_t run = next_special(from, 0, left, encoding);
        memmove(to, from, run);
        to += run;
        from += run;
        left -= run;
        if (left != 0) {
            uint8_t letter = letter_of(*from);
            from++;
            left--;
            *to++ = '\\';
            *to++ = letter;
        }
    }
    w->n = n + extra;
}

/* ---- text: reading */

hd_rc
hd_copy_fields_of(hd_copy_fields *fields, hd_span row, hd_copy_encoding encoding)
{
    if (row.n == 0 || row.p[row.n - 1] != '\n')
        return HD_EDATA;
    *fields = (hd_copy_fields){{row.p, row.n - 1}, encoding, false};
    return HD_OK;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands behind a backslash; r is at it, and not at the end. */
static uint8_t
unescape(hd_reader *r)
{
    uint8_t c = hd_read_u8(r);
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    case 'x': {
        int high = r->left != 0 ? hex_digit(r->p[0]) : -1;
        if (high < 0)
            return c;
        hd_read_u8(r);
        int low = r->left != 0 ? hex_digit(r->p[0]) : -1;
        if (low < 0)
            return (uint8_t)high;
        hd_read_u8(r);
        return (uint8_t)(high << 4 | low);
    }
    default:
        break;
    }
    if (c < '0' || c > '7')
        return c;
    unsigned value = (unsigned)(c - '0');
    for (int i = 0; i < 2 && r->left != 0 && r->p[0] >= '0' && r->p[0] <= '7'; i++)
        value = value << 3 | (unsigned)(hd_read_u8(r) - '0');
    return (uint8_t)value;
}

/* Up to the tab or the end: the field's bytes as they are; *escaped says whether a backslash is among them. */
static hd_rc
cut_field(hd_copy_fields *fields, hd_span *raw, bool *escaped)
{
    hd_span rest = fields->rest;
    size_t i = 0;
    *escaped = false;
    while (i < rest.n && rest.p[i] != '\t') {
        if (fields->encoding == HD_COPY_SAFE && rest.n - i >= 8 && plain_word(rest.p + i)) {
            i += 8;
            continue;
        }
        if (rest.p[i] == '\n')
            return HD_EDATA;
        if (rest.p[i] == '\\') {
            *escaped = true;
            if (++i == rest.n)
                return HD_EDATA;
        }
        i += width(rest.p + i, rest.n - i, fields->encoding);
    }
    *raw = (hd_span){rest.p, i};
    fields->ended = i == rest.n;
    if (!fields->ended)
        fields->rest = (hd_span){rest.p + i + 1, rest.n - i - 1};
    return HD_OK;
}

hd_rc
hd_copy_fields_next(hd_copy_fields *fields, hd_writer *scratch, hd_span *field)
{
    bool escaped;
    if (fields->ended)
        return HD_MORE;
    hd_rc rc = cut_field(fields, field, &escaped);
    if (rc != HD_OK || !escaped)
        return rc;
    if (field->n == 2 && field->p[1] == 'N') {
        *field = (hd_span){NULL, 0};
        return HD_OK;
    }
    hd_writer_rewind(scratch, 0);
    hd_reader r = hd_reader_of(*field);
    while (r.left != 0) {
        size_t n = width(r.p, r.left, fields->encoding);
        if (n == 1 && *r.p == '\\') {
            hd_read_u8(&r);
            hd_write_u8(scratch, unescape(&r));
        }
        else
            hd_write_span(scratch, hd_read_span(&r, n));
    }
    *field = hd_writer_span(scratch); /* never empty: an escape stands for a byte */
    return scratch->rc;
}

/* ---- binary */

void
hd_copy_write_header(hd_writer *w)
{
    hd_write_bytes(w, signature, sizeof(signature));
    hd_write_u32(w, 0);
    hd_write_u32(w, 0);
}

hd_rc
hd_copy_read_header(hd_reader *r)
{
    hd_span start = hd_read_span(r, sizeof(signature));
    uint32_t flags = hd_read_u32(r);
    uint32_t extension = hd_read_u32(r);
    if (r->bad || memcmp(start.p, signature, sizeof(signature)) != 0 || (flags & critical_flags) != 0 ||
        extension > HEADER_EXTENSION_MAX)
        return HD_EDATA;
    hd_read_span(r, extension);
    return r->bad ? HD_EDATA : HD_OK;
}
