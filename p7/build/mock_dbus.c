/* liblainos-dbus-mock: the functions of libdbus that do something. p7/build/mocks.py adds the others. */

#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED "org.freedesktop.DBus.Error.NotSupported"

/* DBusError of dbus-errors.h. The first bit says that name and message are not to be freed. */
typedef struct {
    const char *name, *message;
    unsigned is_const : 1;
    void *padding;
} Error;

const char *_dbus_no_memory_message = "Not enough memory";

void
dbus_error_init(Error *error)
{
    *error = (Error){.is_const = 1};
}

void
dbus_error_free(Error *error)
{
    if (!error->is_const) {
        free((char *)error->name);
        free((char *)error->message);
    }
    dbus_error_init(error);
}

unsigned dbus_error_is_set(const Error *error) { return error->name != NULL; }

unsigned
dbus_error_has_name(const Error *error, const char *name)
{
    return error->name && strcmp(error->name, name) == 0;
}

/* A NULL error, where the caller wants to know of none, is allowed here as in libdbus. */
void
dbus_set_error_const(Error *error, const char *name, const char *message)
{
    if (error)
        *error = (Error){.name = name, .message = message ? message : name, .is_const = 1};
}

void
dbus_set_error(Error *error, const char *name, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    if (!error)
        return;
    va_start(arguments, format);
    if (format && vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    *error = (Error){.name = strdup(name), .message = text ? text : strdup(name)};
}

void
dbus_move_error(Error *source, Error *target)
{
    if (target) {
        dbus_error_free(target);
        *target = *source;
        dbus_error_init(source);
    } else
        dbus_error_free(source);
}

static long
refuse(Error *error, long result)
{
    dbus_set_error_const(error, REFUSED, "This libdbus is inert: it reaches no bus");
    return result;
}

/* FAILSn: a function whose n-th argument is the error; the other arguments are words or pointers, not looked at. */
#define FAILS1(name, result) \
    long name(Error *error) { return refuse(error, result); }
#define FAILS2(name, result) \
    long name(void *a, Error *error) { return refuse(error, result); }
#define FAILS3(name, result) \
    long name(void *a, void *b, Error *error) { return refuse(error, result); }
#define FAILS4(name, result) \
    long name(void *a, void *b, void *c, Error *error) { return refuse(error, result); }
#define FAILS5(name, result) \
    long name(void *a, void *b, void *c, void *d, Error *error) { return refuse(error, result); }

FAILS1(dbus_try_get_local_machine_id, 0)
FAILS1(dbus_set_error_from_message, 0)
FAILS2(dbus_bus_get, 0)
FAILS2(dbus_bus_get_private, 0)
FAILS2(dbus_bus_register, 0)
FAILS2(dbus_bus_get_id, 0)
FAILS2(dbus_connection_open, 0)
FAILS2(dbus_connection_open_private, 0)
FAILS2(dbus_server_listen, 0)
FAILS2(dbus_address_unescape_value, 0)
FAILS2(dbus_message_get_args, 0)
FAILS2(dbus_message_get_args_valist, 0)
FAILS3(dbus_bus_add_match, 0)
FAILS3(dbus_bus_remove_match, 0)
FAILS3(dbus_bus_name_has_owner, 0)
FAILS3(dbus_bus_release_name, -1)
FAILS3(dbus_bus_get_unix_user, -1) /* DBUS_UID_UNSET */
FAILS3(dbus_message_demarshal, 0)
FAILS4(dbus_bus_request_name, -1)
FAILS4(dbus_parse_address, 0)
FAILS4(dbus_connection_send_with_reply_and_block, 0)
FAILS5(dbus_bus_start_service_by_name, 0)
FAILS5(dbus_connection_try_register_fallback, 0)
FAILS5(dbus_connection_try_register_object_path, 0)

const char *dbus_message_type_to_string(int type) { return "invalid"; }

void *dbus_malloc(size_t size) { return malloc(size); }
void *dbus_malloc0(size_t size) { return calloc(1, size); }
void *dbus_realloc(void *memory, size_t size) { return realloc(memory, size); }
void dbus_free(void *memory) { free(memory); }

void
dbus_free_string_array(char **strings)
{
    for (char **string = strings; string && *string; string++)
        free(*string);
    free(strings);
}

void
dbus_get_version(int *major, int *minor, int *micro)
{
    if (major)
        *major = 1;
    if (minor)
        *minor = 0;
    if (micro)
        *micro = 0;
}

/* One slot for all: nothing is ever kept in it. */
static unsigned
give_slot(int *slot)
{
    *slot = 0;
    return 1;
}

unsigned dbus_connection_allocate_data_slot(int *slot) { return give_slot(slot); }
unsigned dbus_message_allocate_data_slot(int *slot) { return give_slot(slot); }
unsigned dbus_pending_call_allocate_data_slot(int *slot) { return give_slot(slot); }
unsigned dbus_server_allocate_data_slot(int *slot) { return give_slot(slot); }
