/* liblainos-systemd-mock: the functions of libsystemd that answer something. p7/build/mocks.py adds the others.

   SESSION, SEAT, CLASS, STATE, TYPE and UID are p7.identity's. Each out argument may be NULL, as in sd-login(3). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef struct {
    unsigned char bytes[16];
} id128; /* passed by value, as sd_id128_t is */

const unsigned sd_bus_object_vtable_format = 242; /* sd-bus-vtable.h has its address in every table */

static int
give_text(char **out, const char *text)
{
    return out && !(*out = strdup(text)) ? -ENOMEM : 0;
}

static int
give_uid(uid_t *out)
{
    if (out)
        *out = UID;
    return 0;
}

/* A list of one, which the caller frees; returns how many there are. */
static int
give_list(char ***out, const char *text)
{
    if (!out)
        return 1;
    char **list = calloc(2, sizeof *list);
    if (!list || give_text(list, text) < 0) {
        free(list);
        return -ENOMEM;
    }
    *out = list;
    return 1;
}

static int
give_uids(uid_t **out)
{
    if (out && !(*out = calloc(1, sizeof **out)))
        return -ENOMEM;
    if (out)
        **out = UID;
    return 1;
}

int sd_get_seats(char ***seats) { return give_list(seats, SEAT); }
int sd_get_sessions(char ***sessions) { return give_list(sessions, SESSION); }
int sd_get_uids(uid_t **users) { return give_uids(users); }

int
sd_get_machine_names(char ***machines)
{
    if (machines && !(*machines = calloc(1, sizeof **machines)))
        return -ENOMEM;
    return 0;
}

int sd_pid_get_session(pid_t pid, char **session) { return give_text(session, SESSION); }
int sd_pidfd_get_session(int pidfd, char **session) { return give_text(session, SESSION); }
int sd_peer_get_session(int fd, char **session) { return give_text(session, SESSION); }
int sd_pid_get_owner_uid(pid_t pid, uid_t *uid) { return give_uid(uid); }
int sd_pidfd_get_owner_uid(int pidfd, uid_t *uid) { return give_uid(uid); }
int sd_peer_get_owner_uid(int fd, uid_t *uid) { return give_uid(uid); }

int sd_session_get_class(const char *session, char **class) { return give_text(class, CLASS); }
int sd_session_get_seat(const char *session, char **seat) { return give_text(seat, SEAT); }
int sd_session_get_state(const char *session, char **state) { return give_text(state, STATE); }
int sd_session_get_type(const char *session, char **type) { return give_text(type, TYPE); }
int sd_session_get_uid(const char *session, uid_t *uid) { return give_uid(uid); }

int
sd_seat_get_active(const char *seat, char **session, uid_t *uid)
{
    give_uid(uid);
    return give_text(session, SESSION);
}

int
sd_seat_get_sessions(const char *seat, char ***sessions, uid_t **uids, unsigned *count)
{
    int result = give_list(sessions, SESSION);
    if (result >= 0 && give_uids(uids) < 0)
        result = -ENOMEM; /* the list is lost, as is all else then */
    if (result >= 0 && count)
        *count = 1;
    return result;
}

/* Others than the user have no session, no seat and no display. */
int
sd_uid_get_state(uid_t uid, char **state)
{
    return give_text(state, uid == UID ? STATE : "offline");
}

int
sd_uid_get_display(uid_t uid, char **session)
{
    return uid == UID ? give_text(session, SESSION) : -ENODATA;
}

int
sd_uid_get_seats(uid_t uid, int require_active, char ***seats)
{
    return uid == UID ? give_list(seats, SEAT) : sd_get_machine_names(seats);
}

int
sd_uid_get_sessions(uid_t uid, int require_active, char ***sessions)
{
    return uid == UID ? give_list(sessions, SESSION) : sd_get_machine_names(sessions);
}

int sd_uid_is_on_seat(uid_t uid, int require_active, const char *seat) { return uid == UID; }

char *
sd_id128_to_string(id128 id, char *text)
{
    for (int i = 0; i < 16; i++)
        sprintf(text + 2 * i, "%02x", id.bytes[i]);
    return text;
}

char *
sd_id128_to_uuid_string(id128 id, char *text)
{
    char *end = text;
    for (int i = 0; i < 16; i++)
        end += sprintf(end, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id.bytes[i]);
    return text;
}
