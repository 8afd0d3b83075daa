#include "session/statements.h"

#include <string.h>

static void
detach(hd_statement_list *list, hd_statement *st)
{
    if (st->older)
        st->older->newer = st->newer;
    else
        list->oldest = st->newer;
    if (st->newer)
        st->newer->older = st->older;
    else
        list->newest = st->older;
    st->older = st->newer = NULL;
    list->count--;
}

static void
append(hd_statement_list *list, hd_statement *st)
{
    st->older = list->newest;
    st->newer = NULL;
    if (list->newest)
        list->newest->newer = st;
    else
        list->oldest = st;
    list->newest = st;
    list->count++;
}

static hd_statement_list *
list_of(hd_statements *ss, const hd_statement *st)
{
    return st->number ? &ss->prepared : &ss->counted;
}

void
hd_statements_drop(hd_statements *ss, hd_statement *st)
{
    if (st->listed)
        detach(list_of(ss, st), st);
    st->listed = false;
}

void
hd_statements_use(hd_statements *ss, hd_statement *st, bool prepare)
{
    hd_statements_drop(ss, st);
    st->uses++;
    if (prepare && st->number == 0) {
        st->number = ++ss->last_number;
        st->ready = false;
    }
    append(list_of(ss, st), st);
    st->listed = true;
}

void
hd_statements_lost(hd_statements *ss, hd_statement *st)
{
    bool listed = st->listed;
    hd_statements_drop(ss, st);
    st->number = 0;
    st->ready = false;
    if (listed) {
        append(&ss->counted, st);
        st->listed = true;
    }
}

hd_statement *
hd_statements_excess(const hd_statement_list *list, size_t most)
{
    return list->count > most ? list->oldest : NULL;
}

hd_span
hd_statement_name(const hd_statements *ss, uint32_t number, char buffer[HD_STATEMENT_NAME_MAX])
{
    /* Once per execution: snprintf() would take a tenth of a row's time in executemany(). */
    char *end = buffer + HD_STATEMENT_NAME_MAX, *p = end;
    if (number == 0)
        return (hd_span){(const uint8_t *)buffer, 0};
    for (; number != 0; number /= 10)
        *--p = (char)('0' + number % 10);
    p -= HD_STATEMENT_PREFIX;
    memcpy(p, ss->prefix, HD_STATEMENT_PREFIX);
    return (hd_span){(const uint8_t *)p, (size_t)(end - p)};
}
