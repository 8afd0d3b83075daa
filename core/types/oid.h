/* The numbers of the built-in types that the core and the adapters name (pg_type.dat). */
#ifndef HD_OID_H
#define HD_OID_H

enum {
    HD_OID_BOOL = 16,
    HD_OID_BYTEA = 17,
    HD_OID_INT8 = 20,
    HD_OID_INT2 = 21,
    HD_OID_INT4 = 23,
    HD_OID_TEXT = 25,
    HD_OID_OID = 26,
    HD_OID_JSON = 114,
    HD_OID_BOX = 603, /* the one type whose elements a comma does not separate */
    HD_OID_CIDR = 650,
    HD_OID_FLOAT4 = 700,
    HD_OID_FLOAT8 = 701,
    HD_OID_INET = 869,
    HD_OID_DATE = 1082,
    HD_OID_TIMESTAMP = 1114,
    HD_OID_TIMESTAMPTZ = 1184,
    HD_OID_INTERVAL = 1186,
    HD_OID_NUMERIC = 1700,
    HD_OID_UUID = 2950,
    HD_OID_JSONB = 3802,
};

#endif
