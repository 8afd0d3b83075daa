#include "hd_tap.h"

#include "text/lexer.h"
#include "text/placeholders.h"

/* Parses a copy of exactly the text's size, which is gone by the time the answer is looked at. */
static hd_rc
parse(hd_query *q, hd_writer *dst, const hd_alloc *alloc, hd_span sql, hd_query_error *error)
{
    uint8_t *copy = tap_copy(sql);
    hd_rc rc = hd_query_parse(q, dst, alloc, (hd_span){copy, sql.n}, error);
    free(copy);
    return rc;
}

/* Formats and names in one string: "s" is a positional %s, "b(x)" is %(x)b. */
static hd_writer
describe(const hd_query *q)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < q->n_params; i++) {
        hd_write_u8(&w, q->params[i].format);
        if (q->named) {
            hd_write_u8(&w, '(');
            hd_write_span(&w, q->params[i].name);
            hd_write_u8(&w, ')');
        }
    }
    return w;
}

static void
check_query(const char *sql, const char *rewritten, const char *params)
{
    hd_query q;
    hd_query_error error;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_rc rc = parse(&q, &w, &hd_alloc_default, tap_span(sql), &error);
    if (tap_check(rc == HD_OK, __FILE__, __LINE__, "%s: %s", sql, error.message)) {
        hd_writer found = describe(&q);
        CHECK_SPAN(hd_writer_span(&w), tap_span(rewritten));
        CHECK_SPAN(hd_writer_span(&found), tap_span(params));
        hd_writer_fini(&found);
    }
    hd_query_fini(&q, &hd_alloc_default);
    hd_writer_fini(&w);
}

static void
placeholders(void)
{
    static const char *const cases[][3] = {
        {"", "", ""},
        {"select 1", "select 1", ""},
        {"select %s", "select $1", "s"},
        {"%s%s", "$1$2", "ss"},
        {"select %s, %b, %t", "select $1, $2, $3", "sbt"},
        {"%s %s %s %s %s %s %s %s %s %s", "$1 $2 $3 $4 $5 $6 $7 $8 $9 $10", "ssssssssss"},
        {"select %(a)s", "select $1", "s(a)"},
        {"%(a)s %(b)b %(a)s %(c)t %(b)b", "$1 $2 $1 $3 $2", "s(a)b(b)t(c)"},
        {"%(a b)s %( )s %(a\nb)s", "$1 $2 $3", "s(a b)s( )s(a\nb)"},
        {"%(a(b)s", "$1", "s(a(b)"},
        {"%(it's)s, 'x'", "$1, 'x'", "s(it's)"},
        {"%(na%sme)s", "$1", "s(na%sme)"},
        {"%(\xc3\xa9)s", "$1", "s(\xc3\xa9)"},
        {"5 %% 2", "5 % 2", ""},
        {"%%s", "%s", ""},
        {"%%%s", "%$1", "s"},
        {"%%%%", "%%", ""},
        {"%s::int %% 3", "$1::int % 3", "s"},
        {"select 5 %", "select 5 %", ""},
        {"select 5 %\n2", "select 5 %\n2", ""},
        {"%stext", "$1text", "s"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_query(cases[i][0], cases[i][1], cases[i][2]);
}

static void
quoted_placeholders_stay(void)
{
    static const char *const cases[][3] = {
        {"select '%s', %s", "select '%s', $1", "s"},
        {"select '%(a)s', %s", "select '%(a)s', $1", "s"},
        {"'it''s %s' || %s", "'it''s %s' || $1", "s"},
        {"'' || %s || ''", "'' || $1 || ''", "s"},
        {"'a\\' %s", "'a\\' $1", "s"},
        {"'100%%' %s", "'100%' $1", "s"},
        {"like '%%s' and %s", "like '%s' and $1", "s"},
        {"'%%(a)s'", "'%(a)s'", ""},
        {"'%s %(a)t %b'", "'%s %(a)t %b'", ""},
        /* backslashes count in E'' only */
        {"E'a\\'%s' || %s", "E'a\\'%s' || $1", "s"},
        {"e'a\\\\' || %s", "e'a\\\\' || $1", "s"},
        {"E'a''%s' || %s", "E'a''%s' || $1", "s"},
        {"namE'a\\' || %s", "namE'a\\' || $1", "s"},
        {"e1'a\\' || %s", "e1'a\\' || $1", "s"},
        {"_e'a\\' || %s", "_e'a\\' || $1", "s"},
        {"\xc3\xa9"
         "e'a\\' || %s",
         "\xc3\xa9"
         "e'a\\' || $1",
         "s"},
        {"e 'a\\' || %s", "e 'a\\' || $1", "s"},
        {"N'a\\' %s", "N'a\\' $1", "s"},
        {"U&'a\\0041\\' %s", "U&'a\\0041\\' $1", "s"},
        {"B'1\\' %s X'f\\' %s", "B'1\\' $1 X'f\\' $2", "ss"},
        {"E'a'\n'b\\'%s' %s", "E'a'\n'b\\'%s' $1", "s"},
        {"E'a' -- '\n 'b\\'%s' %s", "E'a' -- '\n 'b\\'%s' $1", "s"},
        {"E'a' 'b\\' %s", "E'a' 'b\\' $1", "s"},
        {"'a'\n'b\\' %s", "'a'\n'b\\' $1", "s"},
        /* identifiers */
        {"select 1 as \"%s\", %s", "select 1 as \"%s\", $1", "s"},
        {"\"a\"\"%s\" %s", "\"a\"\"%s\" $1", "s"},
        {"\"'\" %s", "\"'\" $1", "s"},
        {"'\"' %s", "'\"' $1", "s"},
        {"U&\"\\\" %s", "U&\"\\\" $1", "s"},
        /* dollar quotes */
        {"$$%s$$ %s", "$$%s$$ $1", "s"},
        {"$a$ %s $$ %s $b$ %s $a$ %s", "$a$ %s $$ %s $b$ %s $a$ $1", "s"},
        {"$a$ '%s $a$ %s", "$a$ '%s $a$ $1", "s"},
        {"$\xc3\xa9$%s$\xc3\xa9$ %s", "$\xc3\xa9$%s$\xc3\xa9$ $1", "s"},
        {"$a$ $A$ %s $a$ %s", "$a$ $A$ %s $a$ $1", "s"},
        {"$a$b$a$ %s", "$a$b$a$ $1", "s"},
        {"$a1_$%s$a1_$ %s", "$a1_$%s$a1_$ $1", "s"},
        {"$1$ %s $1$ %s", "$1$ $1 $1$ $2", "ss"},
        {"$1 %s", "$1 $1", "s"},
        {"a$b$ %s a$b$ %s", "a$b$ $1 a$b$ $2", "ss"},
        {"1$b$ %s $b$ %s", "1$b$ %s $b$ $1", "s"},
        {"$a %s$ %s", "$a $1$ $2", "ss"},
        {"$a$ $b$a$ %s", "$a$ $b$a$ $1", "s"},
        {"%s$$%s$$", "$1$$%s$$", "s"},
        /* comments */
        {"-- %s\n%s", "-- %s\n$1", "s"},
        {"-- %s\r%s", "-- %s\r$1", "s"},
        {"-- it's %s\n%s", "-- it's %s\n$1", "s"},
        {"/* %s */ %s", "/* %s */ $1", "s"},
        {"/* /* %s */ %s */ %s", "/* /* %s */ %s */ $1", "s"},
        {"/*/ %s */ %s", "/*/ %s */ $1", "s"},
        {"/**/ %s /***/ %s", "/**/ $1 /***/ $2", "ss"},
        {"/* -- */ %s", "/* -- */ $1", "s"},
        {"/* ' */ %s", "/* ' */ $1", "s"},
        {"-- /*\n%s", "-- /*\n$1", "s"},
        {"1 +-- %s\n%s", "1 +-- %s\n$1", "s"},
        {"1 */* %s */ %s", "1 */* %s */ $1", "s"},
        {"1 - - %s", "1 - - $1", "s"},
        {"1 / %s", "1 / $1", "s"},
        {"/%%* %s", "/%* $1", "s"},
        {"-- 100%\n%s", "-- 100%\n$1", "s"},
        {"%s -- 100%", "$1 -- 100%", "s"},
        /* what isn't closed reaches to the end */
        {"'%s", "'%s", ""},
        {"%s '%s", "$1 '%s", "s"},
        {"\"%s", "\"%s", ""},
        {"E'\\", "E'\\", ""},
        {"E'%s\\'", "E'%s\\'", ""},
        {"$a$%s$a", "$a$%s$a", ""},
        {"/* %s", "/* %s", ""},
        {"/* /* */ %s", "/* /* */ %s", ""},
        {"-- %s", "-- %s", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_query(cases[i][0], cases[i][1], cases[i][2]);
}

static void
bad_placeholders(void)
{
    static const struct {
        const char *sql, *part; /* of the message */
    } cases[] = {
        {"%d", "got '%d'"},
        {"'%d'", "got '%d'"},
        {"-- %d", "got '%d'"},
        {"/*%*/", "got '%*'"},
        {"$$%$$", "got '%$'"},
        {"like 'a%'", "got '%''"},
        {"\"50%\"", "got '%\"'"},
        {"%\r", "got '%\r'"},
        {"%)", "got '%)'"},
        {"%\xc3\xa9", "got '%\xc3\xa9'"},
        {"%(a)d", "got '%(a)d'"},
        {"%(a)\xe2\x82\xac.", "got '%(a)\xe2\x82\xac'"},
        {"'%(a)d'", "got '%(a)d'"},
        {"% s", "%%"},
        {"5 % 2", "%%"},
        {"'100% sure'", "%%"},
        {"%(a", "'%(a'"},
        {"%(a b", "'%(a'"},
        {"%(a)", "'%(a)'"},
        {"%(a)\n", "'%(a)'"},
        {"%()s", "'%()s'"},
        {"%(", "'%('"},
        {"'%(a' || f(x)s", "'%(a''"},
        {"-- %(a\n)s", "'%(a'"},
        {"%s %(a)s", "mixes"},
        {"%(a)s %s", "mixes"},
        {"%(a)s %(a)b", "'a'"},
        {"%(a)s %(b)s %(a)t", "'a'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hd_query q;
        hd_query_error error;
        hd_writer w = hd_writer_of(&hd_alloc_default);
        hd_rc rc = parse(&q, &w, &hd_alloc_default, tap_span(cases[i].sql), &error);
        tap_check(rc == HD_EINVAL, __FILE__, __LINE__, "%s: %d", cases[i].sql, rc);
        tap_check(strstr(error.message, cases[i].part) != NULL, __FILE__, __LINE__, "%s: %s", cases[i].sql,
                  error.message);
        CHECK(q.params == NULL && q.names == NULL && q.n_params == 0);
        hd_writer_fini(&w);
    }
}

static void
long_names_are_shortened_in_messages(void)
{
    hd_query q;
    hd_query_error error;
    hd_writer w = hd_writer_of(&hd_alloc_default), sql = hd_writer_of(&hd_alloc_default);
    hd_write_bytes(&sql, "%(", 2);
    for (int i = 0; i < 10000; i++)
        hd_write_u8(&sql, 'x');
    CHECK_EQ(parse(&q, &w, &hd_alloc_default, hd_writer_span(&sql), &error), HD_EINVAL);
    CHECK(strlen(error.message) < 200);
    hd_writer_fini(&sql);
    hd_writer_fini(&w);
}

/* Tens of thousands of names, each twice: every one keeps its number, in a time that doesn't grow with the square. */
static void
many_names(void)
{
    enum { NAMES = 60000 };
    hd_query q;
    hd_query_error error;
    hd_writer sql = hd_writer_of(&hd_alloc_default), w = hd_writer_of(&hd_alloc_default);
    char text[32];
    for (int i = 0; i < 2 * NAMES; i++)
        hd_write_bytes(&sql, text, (size_t)snprintf(text, sizeof(text), "%%(p%d)s,", i % NAMES));
    if (CHECK_EQ(parse(&q, &w, &hd_alloc_default, hd_writer_span(&sql), &error), HD_OK)) {
        CHECK_EQ(q.n_params, NAMES);
        CHECK_SPAN(q.params[0].name, tap_span("p0"));
        CHECK_SPAN(q.params[NAMES - 1].name, tap_span("p59999"));
        CHECK_SPAN(((hd_span){w.p + w.n - 7, 7}), tap_span("$60000,"));
        hd_query_fini(&q, &hd_alloc_default);
    }
    hd_writer_fini(&sql);
    hd_writer_fini(&w);
}

static void
batches(void)
{
    static const struct {
        const char *sql;
        bool batch;
    } cases[] = {
        {"", true},
        {" ", true},
        {" ; /* nothing */ ; -- at all", true},
        {"select 1", false},
        {"select 1;", false},
        {"select 1 ; \t\r\n\v\f ", false},
        {"select 1; -- done", false},
        {"select 1; /* done; /* quite */ */ -- yes;", false},
        {"select 1; select 2", true},
        {"select 1;select 2;", true},
        {"select 1; -- first\nselect 2", true},
        {"select 1; /* first */ select 2", true},
        {"select 1; - 2", true},
        {"select 1; / 2", true},
        {";", true},
        {";;", true},
        {"; select 1", false},
        {"; select 1; select 2", true},
        {"select ';'", false},
        {"select '; select 2'", false},
        {"select ''';' || 'x'", false},
        {"select E'\\'; select 2'", false},
        {"select '\\'; select 2", true},
        {"select \"a;b\"", false},
        {"select $$a;b$$", false},
        {"select $x$a;$$b;$x$", false},
        {"select a$x$;b$x$", true},
        {"do $$ begin perform 1; end $$", false},
        {"do $$ begin perform 1; end $$; select 1", true},
        {"select 1 -- a; b", false},
        {"select 1 /* a; b */", false},
        {"select 'open; select 1", false},
        {"create function f() returns int begin atomic select 1; end", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hd_span sql = tap_span(cases[i].sql);
        uint8_t *copy = tap_copy(sql);
        bool batch = hd_sql_is_batch((hd_span){copy, sql.n});
        tap_check(batch == cases[i].batch, __FILE__, __LINE__, "%s: %d", cases[i].sql, batch);
        free(copy);
    }
    CHECK(hd_sql_is_batch((hd_span){NULL, 0}));
}

static void
copies_out(void)
{
    static const struct {
        const char *sql;
        bool out;
    } cases[] = {
        {"", false},
        {"copy", false},
        {"copy t to stdout", true},
        {"COPY t TO STDOUT", true},
        {"copy t from stdin", false},
        {"copy t from stdout", false},
        {"copy t(a)to stdout", true},
        {"copy t from stdin where a <> ' to stdout'", false},
        {"copy t from stdin where b to stdout", false},
        {"copy (select a from t) to stdout", true},
        {"copy (select ')' from t) to stdout", true},
        {"copy (delete from t returning a) to stdout (format binary)", true},
        {" -- copy t from stdin\n/* from */ copy /* from */ \"from\" to stdout", true},
        {"copy \"to\" from stdin", false},
        {"copy to_t from stdin", false},
        {"copy tot from stdin", false},
        {"copy )to", true},
        {"copying to stdout", false},
        {"select 1 to", false},
        {"copy (t to", false},
        {"copy t$to$ to", true},
        {"copy $to$ to", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hd_span sql = tap_span(cases[i].sql);
        uint8_t *copy = tap_copy(sql);
        bool out = hd_sql_copies_out((hd_span){copy, sql.n});
        tap_check(out == cases[i].out, __FILE__, __LINE__, "%s: %d", cases[i].sql, out);
        free(copy);
    }
    CHECK(!hd_sql_copies_out((hd_span){NULL, 0}));
}

static void
parse_with(const hd_alloc *alloc)
{
    static const char *const queries[] = {
        "%s %s %s %s %s %s %s %s %s %s",
        "%(a)s %(b)s %(c)s %(d)s %(e)s %(f)s %(g)s %(h)s %(i)s %(j)s %(k)s %(l)s %(m)s %(n)s %(o)s %(p)s %(q)s %(a)s",
        "%(a)s %(b)s %(c)d",
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        hd_query q;
        hd_query_error error;
        hd_writer w = hd_writer_of(alloc);
        hd_rc rc = parse(&q, &w, alloc, tap_span(queries[i]), &error);
        CHECK(rc == HD_ENOMEM || rc == (i == 2 ? HD_EINVAL : HD_OK));
        CHECK(rc == HD_OK || (q.params == NULL && q.names == NULL));
        hd_query_fini(&q, alloc);
        hd_writer_fini(&w);
    }
}

static void
parsing_survives_allocation_failures(void)
{
    tap_fail_each_allocation(parse_with);
}

int
main(void)
{
    RUN(placeholders);
    RUN(quoted_placeholders_stay);
    RUN(bad_placeholders);
    RUN(long_names_are_shortened_in_messages);
    RUN(many_names);
    RUN(batches);
    RUN(copies_out);
    RUN(parsing_survives_allocation_failures);
    return tap_done();
}
