/* The SQL lexer and the placeholders. Input: the query. */
#include "fuzz.h"

#include "text/lexer.h"
#include "text/placeholders.h"

static void
check_tokens(hd_span sql)
{
    for (size_t at = 0; at < sql.n;) {
        bool opaque;
        size_t end = hd_sql_token(sql, at, &opaque);
        CHECK(end > at && end <= sql.n);
        at = end;
    }
}

static void
check_places(const hd_query *q, hd_span rewritten)
{
    size_t behind = 0;
    for (size_t i = 0; i < q->n_places; i++) {
        hd_place place = q->places[i];
        CHECK(place.param < q->n_params && place.at >= behind && place.n >= 2);
        behind = place.at + place.n;
        CHECK(behind <= rewritten.n && rewritten.p[place.at] == '$');
    }
    CHECK(q->n_places >= q->n_params);
}

static void
check_params(const hd_query *q)
{
    CHECK(q->n_params <= q->capacity);
    for (size_t i = 0; i < q->n_params; i++) {
        uint8_t format = q->params[i].format;
        CHECK(format == 's' || format == 'b' || format == 't');
        CHECK((q->params[i].name.n != 0) == q->named);
        for (size_t k = 0; q->named && k < i && k < 64; k++) {
            hd_span a = q->params[i].name, b = q->params[k].name;
            CHECK(a.n != b.n || memcmp(a.p, b.p, a.n) != 0);
        }
    }
}

/* With each % doubled, a text has no placeholders and means itself. */
static void
check_escaped(hd_span sql)
{
    hd_writer doubled = hd_writer_of(&hd_alloc_default), back = hd_writer_of(&hd_alloc_default);
    hd_query q;
    hd_query_error error;
    for (size_t i = 0; i < sql.n; i++) {
        hd_write_u8(&doubled, sql.p[i]);
        if (sql.p[i] == '%')
            hd_write_u8(&doubled, '%');
    }
    CHECK(hd_query_parse(&q, &back, &hd_alloc_default, hd_writer_span(&doubled), &error) == HD_OK);
    CHECK(q.n_params == 0);
    CHECK(back.n == sql.n && (sql.n == 0 || memcmp(back.p, sql.p, sql.n) == 0));
    hd_query_fini(&q, &hd_alloc_default);
    hd_writer_fini(&doubled);
    hd_writer_fini(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hd_span sql = {data, size};
    hd_query q;
    hd_query_error error;
    hd_writer w = hd_writer_of(&hd_alloc_default);

    check_tokens(sql);
    hd_sql_is_batch(sql);
    hd_sql_copies_out(sql);
    check_escaped(sql);
    hd_rc rc = hd_query_parse(&q, &w, &hd_alloc_default, sql, &error);
    if (rc == HD_OK) {
        check_params(&q);
        check_places(&q, hd_writer_span(&w));
    }
    else
        CHECK(rc == HD_EINVAL && error.message[0] != 0 && q.params == NULL && q.names == NULL);
    hd_query_fini(&q, &hd_alloc_default);
    hd_writer_fini(&w);
    return 0;
}
