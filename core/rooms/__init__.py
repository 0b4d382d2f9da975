"""A party's room: who is in it, its board, and the relay between its people's chats."""

from core.rooms.board import Subject
from core.rooms.credentials import looks_like_credentials
from core.rooms.presence import Door, Guest, doors, enter, guests, leave_room, present_room, silenced_room
from core.rooms.reconciling import due, reconcile, reconcile_due
from core.rooms.relay import Copy, mirror_edit, passed_on, purge_messages, relay, room_of_copy
from core.rooms.tables import Room, RoomKind, RoomMessage, RoomPresence, RoomSeat

__all__ = [
    "Copy",
    "Door",
    "Guest",
    "Room",
    "RoomKind",
    "RoomMessage",
    "RoomPresence",
    "RoomSeat",
    "Subject",
    "doors",
    "due",
    "enter",
    "guests",
    "leave_room",
    "looks_like_credentials",
    "mirror_edit",
    "passed_on",
    "present_room",
    "purge_messages",
    "reconcile",
    "reconcile_due",
    "relay",
    "room_of_copy",
    "silenced_room",
]
