"""A party's room: who is in it, its board, and the relay between its people's chats."""

from core.rooms.board import Subject
from core.rooms.credentials import looks_like_credentials
from core.rooms.evenings import (
    Companion,
    begin,
    call_off,
    company,
    evening_of,
    had,
    is_open,
    leave_evenings,
    pick,
    purge_evenings,
    seat_on,
    show_others,
    take_veto_back,
    tell,
    vetoes,
    watch,
    watched_before,
)
from core.rooms.evenings import veto as veto_title
from core.rooms.presence import Door, Guest, door_of, doors, enter, guests, leave_room, present_room, silenced_room
from core.rooms.reconciling import due, reconcile, reconcile_due
from core.rooms.relay import Copy, mirror_edit, passed_on, purge_messages, relay, room_of_copy
from core.rooms.standing import subject_of
from core.rooms.tables import Evening, EveningSeat, Room, RoomKind, RoomMessage, RoomPresence, RoomSeat, Veto

__all__ = [
    "Companion",
    "Copy",
    "Door",
    "Evening",
    "EveningSeat",
    "Guest",
    "Room",
    "RoomKind",
    "RoomMessage",
    "RoomPresence",
    "RoomSeat",
    "Subject",
    "Veto",
    "begin",
    "call_off",
    "company",
    "door_of",
    "doors",
    "due",
    "enter",
    "evening_of",
    "guests",
    "had",
    "is_open",
    "leave_evenings",
    "leave_room",
    "looks_like_credentials",
    "mirror_edit",
    "passed_on",
    "pick",
    "present_room",
    "purge_evenings",
    "purge_messages",
    "reconcile",
    "reconcile_due",
    "relay",
    "room_of_copy",
    "seat_on",
    "show_others",
    "silenced_room",
    "subject_of",
    "take_veto_back",
    "tell",
    "veto_title",
    "vetoes",
    "watch",
    "watched_before",
]
