#include "hd_tap.h"

#include "types/uuid.h"

static void
text(void)
{
    static const char *const good[] = {
        "00112233-4455-6677-8899-aabbccddeeff",
        "00112233445566778899aabbccddeeff",
        "00112233445566778899AABBCCDDEEFF",
        "0011-2233-4455-6677-8899-aabb-ccdd-eeff",
    };
    static const char *const malformed[] = {
        "",
        "zz",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff",
        "00112233-4455-6677-8899-aabbccddeefg",
        "00112233--4455-6677-8899-aabbccddeeff",
        "-00112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddeeff-",
        "001-12233-4455-6677-8899-aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff}",
    };
    uint8_t uuid[HD_UUID_LENGTH];
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_EQ(hd_uuid_from_text(tap_span(good[i]), uuid), HD_OK);
        hd_writer_rewind(&w, 0);
        hd_uuid_to_text(&w, uuid);
        CHECK_SPAN(hd_writer_span(&w), tap_span("00112233445566778899aabbccddeeff"));
    }
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        uint8_t *p = tap_copy(tap_span(malformed[i]));
        tap_check(hd_uuid_from_text((hd_span){p, strlen(malformed[i])}, uuid) == HD_EDATA, __FILE__, __LINE__,
                  "%s is a uuid", malformed[i]);
        free(p);
    }
    hd_writer_fini(&w);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_uuid_to_text(&w, (const uint8_t *)"0123456789abcdef");
    CHECK(w.rc == HD_ENOMEM || w.n == 32);
    hd_writer_fini(&w);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(write_without_memory);
}

int
main(void)
{
    RUN(text);
    RUN(no_memory);
    return tap_done();
}
