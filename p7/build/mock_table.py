"""What each function of the mock libraries answers, by name; p7.build.mocks makes libraries of it.

No header is at hand where a package is built, and an ELF file tells nothing of arguments: so an answer must be right
without knowing them. One below 0 says to the caller of libsystemd "look at nothing that I was to fill in", and a
constructor that gives it leaves no object that could reach the rest. Where a value is returned and no status (a
pointer, a count, a yes or no), it is 0. The few functions whose answer is something are written out in C.
"""

import fnmatch


class Mock:
    """One library: the real one's soname, its own, its C file, and its rules (answer, names and patterns).

    The first rule that fits counts (fnmatch(3)); the last one fits all.
    """

    __slots__ = ("real", "rules", "soname", "source")

    def __init__(self, real: str, soname: str, source: str, rules: list[tuple[str, str]]) -> None:
        self.real = real
        self.soname = soname
        self.source = source
        self.rules = rules

    def answer(self, name: str) -> str:
        """A key of ANSWERS, or OWN."""
        return next(answer for answer, names in self.rules if any(fnmatch.fnmatchcase(name, p) for p in names.split()))


OWN = "own"
"""Written out in the library's C file."""
ANSWERS = {"zero": "0", "one": "1", "minus_one": "-1", "nodata": "-ENODATA", "nosys": "-ENOSYS"}
"""C's expression for each."""

SYSTEMD = Mock(
    "libsystemd.so.0",
    "liblainos-systemd-mock.so.0",
    "mock_systemd.c",
    [
        # The static identity: p7.identity's session, seat and user.
        (OWN, "sd_get_seats sd_get_sessions sd_get_uids sd_get_machine_names"),
        (OWN, "sd_pid_get_session sd_pidfd_get_session sd_peer_get_session"),
        (OWN, "sd_pid_get_owner_uid sd_pidfd_get_owner_uid sd_peer_get_owner_uid"),
        (OWN, "sd_session_get_class sd_session_get_seat sd_session_get_state sd_session_get_type sd_session_get_uid"),
        (OWN, "sd_seat_get_active sd_seat_get_sessions"),
        (OWN, "sd_uid_get_display sd_uid_get_seats sd_uid_get_sessions sd_uid_get_state sd_uid_is_on_seat"),
        ("one", "sd_session_is_active sd_seat_can_tty sd_seat_can_graphical"),
        # What a caller takes for memory of its own, or for data.
        (OWN, "sd_id128_to_string sd_id128_to_uuid_string sd_bus_object_vtable_format"),
        # The rest of the identity: there is no such thing as a unit, a display manager's name or a remote host.
        ("zero", "sd_session_is_remote sd_seat_can_multi_session"),
        ("nodata", "sd_session_get_* sd_seat_get_* sd_uid_get_* sd_machine_get_*"),
        ("nodata", "sd_pid_get_* sd_pidfd_get_* sd_peer_get_* sd_id128_get_invocation*"),
        # Best effort: nobody looks at the outcome, or only to complain.
        ("zero", "sd_notify* sd_pid_notify* sd_journal_print* sd_journal_send* sd_journal_perror*"),
        # No: not booted by systemd, nothing passed on, no watchdog, no such flag.
        ("zero", "sd_booted sd_listen_fds sd_listen_fds_with_names sd_watchdog_enabled sd_is_*"),
        ("zero", "*_is_* *_has_* sd_bus_can_send sd_bus_*_get_errno sd_id128_string_equal"),
        # An end, in functions that hand out one thing after another; sd_journal_next() with it.
        ("zero", "*_first *_next sd_json_variant_by_* sd_json_variant_find"),
        # No object to keep, to free, or to know another object.
        ("zero", "*_ref *_unref *_unref_many *_free sd_bus_close sd_bus_default_flush_close sd_journal_close"),
        ("zero", "*_userdata *_get_bus *_get_event *_get_event_source sd_bus_*get_current_* sd_varlink_get_server"),
        ("zero", "sd_bus_message_get_creds sd_bus_message_get_error sd_varlink_get_description"),
        ("zero", "sd_bus_message_get_destination sd_bus_message_get_interface sd_bus_message_get_member"),
        ("zero", "sd_bus_message_get_path sd_bus_message_get_sender sd_bus_message_get_signature"),
        # Nothing, counted or masked; and what returns nothing at all.
        ("zero", "sd_bus_creds_get_mask sd_bus_creds_get_augmented_mask sd_bus_track_contains sd_bus_track_count*"),
        ("zero", "sd_json_variant_elements sd_json_variant_integer sd_json_variant_real sd_json_variant_unsigned"),
        ("zero", "sd_json_variant_string sd_json_variant_type_to_string sd_json_variant_sensitive"),
        ("zero", "sd_varlink_server_connections_* sd_varlink_server_current_connections sd_varlink_detach_event"),
        ("zero", "sd_journal_restart_* sd_journal_flush_matches"),
        # All else: buses, events, devices, journals, hwdb, varlink. None of it is there.
        ("nosys", "*"),
    ],
)

DBUS = Mock(
    "libdbus-1.so.3",
    "liblainos-dbus-mock.so.3",
    "mock_dbus.c",
    [
        # Errors are the caller's own memory, and who is refused reads one: each function that takes one sets it.
        (OWN, "dbus_error_* dbus_set_error* dbus_move_error"),
        (OWN, "dbus_bus_get dbus_bus_get_private dbus_bus_get_id dbus_bus_get_unix_user dbus_bus_register"),
        (OWN, "dbus_bus_add_match dbus_bus_remove_match dbus_bus_name_has_owner dbus_bus_request_name"),
        (OWN, "dbus_bus_release_name dbus_bus_start_service_by_name"),
        (OWN, "dbus_connection_open* dbus_connection_send_with_reply_and_block dbus_connection_try_register_*"),
        (OWN, "dbus_message_demarshal dbus_message_get_args dbus_message_get_args_valist dbus_server_listen"),
        (OWN, "dbus_parse_address dbus_address_unescape_value dbus_try_get_local_machine_id"),
        # Memory, slots and a version: what a program asks for before there is a bus, and cannot do without.
        (OWN, "dbus_malloc dbus_malloc0 dbus_realloc dbus_free dbus_free_string_array dbus_*_allocate_data_slot"),
        (OWN, "dbus_get_version dbus_message_type_to_string _dbus_no_memory_message"),
        ("one", "dbus_threads_init dbus_threads_init_default"),
        # A name is well-formed: what is then done with it fails, and says better why.
        ("one", "dbus_validate_* dbus_signature_validate*"),
        # DBUS_DISPATCH_COMPLETE: 0 would be "there is more", and a loop without an end.
        ("one", "dbus_connection_dispatch dbus_connection_get_dispatch_status"),
        # No descriptor; 0 would be standard input.
        ("minus_one", "dbus_watch_get_fd dbus_watch_get_unix_fd dbus_watch_get_socket"),
        # All else: FALSE, NULL, DBUS_TYPE_INVALID, which libdbus says when memory or messages are at an end.
        ("zero", "*"),
    ],
)
MOCKS = (SYSTEMD, DBUS)
