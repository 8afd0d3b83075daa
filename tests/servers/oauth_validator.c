/*
 * The part of a PostgreSQL that judges OAuth tokens (PostgreSQL documentation, "OAuth Validator Modules"), for the
 * tests: "token-of-alice" is alice's.
 */
#include <postgres.h>

#include <fmgr.h>
#include <libpq/oauth.h>

PG_MODULE_MAGIC;

#define PREFIX "token-of-"

static bool
validate(const ValidatorModuleState *state, const char *token, const char *role, ValidatorModuleResult *result)
{
    result->authorized = strncmp(token, PREFIX, strlen(PREFIX)) == 0;
    if (result->authorized) {
        result->authn_id = pstrdup(token + strlen(PREFIX));
    }
    return true;
}

static const OAuthValidatorCallbacks callbacks = {.magic = PG_OAUTH_VALIDATOR_MAGIC, .validate_cb = validate};

const OAuthValidatorCallbacks *
_PG_oauth_validator_module_init(void)
{
    return &callbacks;
}
