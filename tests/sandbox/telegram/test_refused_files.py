"""Pictures and files that Telegram refuses."""

from bot.sandbox.chats import Phone
from bot.sandbox.telegram.files import draw_portrait

from .conftest import BareBot


async def test_a_long_caption_is_refused(host: Phone, bot: BareBot) -> None:
    reply = await bot.upload("sendPhoto", "photo", draw_portrait(1, 32), chat_id=str(host.id), caption="가" * 1025)

    assert reply["description"] == "Bad Request: message caption is too long"


async def test_what_is_not_a_picture_is_no_photo(host: Phone, bot: BareBot) -> None:
    reply = await bot.upload("sendPhoto", "photo", b"not a picture", chat_id=str(host.id))

    assert reply["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert await bot.refusal("sendPhoto", chat_id=host.id, photo="AgACunknown") == (
        400,
        "Bad Request: wrong file identifier/HTTP URL specified",
    )
    assert await bot.refusal("sendDocument", chat_id=host.id) == (
        400,
        "Bad Request: there is no document in the request",
    )


async def test_a_picture_has_limits_of_its_own(host: Phone, bot: BareBot) -> None:
    async def refused(method: str, field: str, data: bytes) -> str:
        return str((await bot.upload(method, field, data, chat_id=str(host.id)))["description"])

    wide = b"GIF89a" + (2100).to_bytes(2, "little") + (100).to_bytes(2, "little")
    huge = draw_portrait(1, 8) + bytes(10 * 1024 * 1024)

    assert await refused("sendPhoto", "photo", b"") == "Bad Request: file must be non-empty"
    assert await refused("sendDocument", "document", b"") == "Bad Request: file must be non-empty"
    assert await refused("sendPhoto", "photo", wide) == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert (await refused("sendPhoto", "photo", huge)).endswith(
        "bytes is too big for a photo; the maximum size is 10485760 bytes"
    )


async def test_a_file_is_not_used_as_another_kind_nor_fetched_above_20_megabytes(host: Phone, bot: BareBot) -> None:
    photo = (await bot.upload("sendPhoto", "photo", draw_portrait(1, 32), chat_id=str(host.id)))["result"]
    big = await bot.upload("sendDocument", "document", bytes(20 * 1024 * 1024 + 1), chat_id=str(host.id))

    as_document = await bot.refusal("sendDocument", chat_id=host.id, document=photo["photo"][0]["file_id"])
    fetched = await bot.refusal("getFile", file_id=big["result"]["document"]["file_id"])

    assert as_document == (400, "Bad Request: can't use file of type Photo as Document")
    assert fetched == (400, "Bad Request: file is too big")
