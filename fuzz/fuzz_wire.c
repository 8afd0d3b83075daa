/* The decoders of backend messages. Input: the type byte, then the body. */
#include "fuzz.h"

#include "../tests/core/hd_decode_any.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    hd_rc rc = hd_decode_any(data[0], (hd_span){data + 1, size - 1});
    CHECK(rc == HD_OK || rc == HD_EPROTO || rc == HD_EINVAL);
    return 0;
}
