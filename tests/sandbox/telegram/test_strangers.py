"""Clients that others wrote use the stand-in as they would use Telegram, while strangers' schemas judge all of it."""

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
import telebot.asyncio_helper
from telebot import types
from telebot.async_telebot import AsyncTeleBot
from telegram import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram import error as errors
from telegram.constants import ParseMode
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.sandbox.chats import Phone
from bot.sandbox.telegram import Entry, TelegramStandIn
from bot.sandbox.telegram.files import draw_portrait
from tests.judge import Judge, reply_breaches, update_breaches

from .conftest import TOKEN, BareBot, Hook
from .reference import FILE, Reference


@pytest.fixture
async def judged(server: TelegramStandIn) -> AsyncIterator[None]:
    """Have aiogram and teremok look at everything that happens in the test."""
    judge = Judge()
    judge.watch(server)
    yield
    judge.assert_clean()
    assert judge.seen


@pytest.fixture
async def by_the_reference(server: TelegramStandIn) -> AsyncIterator[None]:
    """Have the machine-readable reference look at it too, where it is present."""
    seen: list[Entry] = []
    server.on_request(seen.append)
    server.on_update(seen.append)
    yield
    if FILE.exists():
        reference = Reference()
        assert [breach for entry in seen for breach in reference.breaches(entry)] == []


@pytest.fixture
async def telebot_client(server: TelegramStandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncTeleBot]:
    monkeypatch.setattr(telebot.asyncio_helper, "API_URL", server.url + "/bot{0}/{1}")
    monkeypatch.setattr(telebot.asyncio_helper, "FILE_URL", server.url + "/file/bot{0}/{1}")
    client = AsyncTeleBot(TOKEN)
    yield client
    await client.close_session()


@pytest.mark.usefixtures("judged", "by_the_reference")
async def test_pytelegrambotapi_plays_a_whole_chat(host: Phone, telebot_client: AsyncTeleBot) -> None:
    bot = telebot_client

    @bot.message_handler(commands=["party"])
    async def open_party(message: types.Message) -> None:
        markup = types.InlineKeyboardMarkup()
        markup.add(types.InlineKeyboardButton("참여하기", callback_data="join:1"))
        markup.add(types.InlineKeyboardButton("약관", url="https://two.example/terms"))
        await bot.reply_to(message, "<b>넷플릭스</b> 4,250원", parse_mode="HTML", reply_markup=markup)

    @bot.callback_query_handler(func=lambda query: query.data.startswith("join:"))
    async def join(query: types.CallbackQuery) -> None:
        assert query.message
        await bot.answer_callback_query(query.id, "환영해요", show_alert=True)
        await bot.edit_message_text("참여했어요", query.message.chat.id, query.message.message_id)
        await bot.pin_chat_message(query.message.chat.id, query.message.message_id)

    @bot.message_handler(content_types=["photo"])
    async def keep_photo(message: types.Message) -> None:
        assert message.photo
        file = await bot.get_file(message.photo[-1].file_id)
        data = await bot.download_file(file.file_path)
        sent = await bot.send_photo(message.chat.id, data, caption=f"{len(data)} 바이트")
        await bot.send_document(message.chat.id, io.BytesIO(data), visible_file_name="portrait.png")
        await bot.edit_message_caption("받았어요", message.chat.id, sent.message_id)
        await bot.delete_message(message.chat.id, message.message_id)

    @bot.message_handler(func=lambda message: True, content_types=["text"])
    async def anything(message: types.Message) -> None:
        keyboard = types.ReplyKeyboardMarkup(resize_keyboard=True)
        keyboard.add("방 들어가기")
        await bot.send_message(message.chat.id, "못 알아들었어요", reply_markup=keyboard)

    await bot.set_my_commands([types.BotCommand("party", "파티 열기")], language_code="ko")
    polling = asyncio.create_task(bot.polling(non_stop=True, timeout=5, request_timeout=10))
    picture = draw_portrait(5, 64)

    await host.says("/party")
    assert (await host.sees("넷플릭스"))["html"] == "<b>넷플릭스</b> 4,250원"
    assert await host.link("약관") == "https://two.example/terms"
    await host.taps("참여하기")
    assert await host.toast() == "환영해요"
    assert (await host.sees("참여했어요"))["inline_keyboard"] == []
    await host.sends_photo(picture)
    await host.sees("받았어요")
    await host.says("방 들어가기")
    await host.sees("못 알아들었어요")
    view = await host.chats.request("GET", f"/user/{host.id}/chat")

    assert view["commands"] == [{"command": "party", "description": "파티 열기"}]
    assert view["reply_keyboard"] == [[{"text": "방 들어가기"}]]
    assert view["pinned_message_id"] is not None
    assert [message["document_name"] for message in view["messages"] if "document_url" in message] == ["portrait.png"]
    assert not any("photo_url" in message for message in view["messages"] if not message["from_bot"])
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)


@pytest.mark.usefixtures("judged", "by_the_reference")
async def test_python_telegram_bot_polls_and_answers(server: TelegramStandIn, host: Phone) -> None:
    application = (
        ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{server.url}/bot")
        .base_file_url(f"{server.url}/file/bot")
        .job_queue(None)
        .build()
    )

    async def party(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.effective_chat and update.effective_message
        buttons = [
            [InlineKeyboardButton("참여하기", callback_data="join:1")],
            [InlineKeyboardButton("계좌 복사", copy_text=CopyTextButton("110-234"))],
        ]
        await update.effective_chat.send_message(
            f"<b>넷플릭스</b> {' '.join(context.args or [])}",
            parse_mode=ParseMode.HTML,
            reply_markup=InlineKeyboardMarkup(buttons),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_parameters=ReplyParameters(update.effective_message.message_id),
        )

    async def join(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query
        await update.callback_query.answer("환영해요")
        await update.callback_query.edit_message_text("참여했어요")
        with pytest.raises(errors.BadRequest, match="Message is not modified"):
            await update.callback_query.edit_message_text("참여했어요")

    application.add_handler(CommandHandler("start", party))
    application.add_handler(CallbackQueryHandler(join))
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling(timeout=1)

        await host.starts("4250")
        await host.sees("넷플릭스 4250")
        await host.taps("참여하기")
        await host.sees("참여했어요")

        await application.updater.stop()
        await application.stop()


@pytest.mark.usefixtures("judged", "by_the_reference")
async def test_python_telegram_bot_uses_every_method_by_itself(
    server: TelegramStandIn, host: Phone, hook: Hook
) -> None:
    application = (
        ApplicationBuilder()
        .token(TOKEN)
        .base_url(f"{server.url}/bot")
        .base_file_url(f"{server.url}/file/bot")
        .updater(None)
        .job_queue(None)
        .build()
    )
    async with application:
        bot, chat = application.bot, host.id
        assert (bot.username, bot.can_join_groups) == ("TwoDemoBot", True)
        await bot.set_my_name("TWO")
        await bot.set_my_description("같이 봐요", language_code="ko")
        await bot.set_my_short_description("함께 보는 OTT")
        assert (await bot.get_my_description("ko")).description == "같이 봐요"
        commands = [BotCommand("my", "내 파티")]
        await bot.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats(), language_code="ko")
        assert list(await bot.get_my_commands(BotCommandScopeAllPrivateChats(), "ko")) == commands
        await bot.delete_my_commands(BotCommandScopeAllPrivateChats(), "ko")
        await bot.set_chat_menu_button(chat)
        assert (await bot.get_chat_menu_button(chat)).type == "default"
        await bot.send_chat_action(chat, "typing")

        keyboard = ReplyKeyboardMarkup([["방 들어가기"]], input_field_placeholder="말을 남겨 보세요")
        await bot.send_message(chat, "방이 열렸어요", reply_markup=keyboard, protect_content=True)
        photo = await bot.send_photo(chat, draw_portrait(9, 64), caption="<i>카드</i>", parse_mode="HTML")
        again = await bot.send_photo(chat, photo.photo[-1].file_id)
        document = await bot.send_document(chat, b"a,b\n1,2\n", filename="bills.csv", caption="내역")
        assert document.document
        assert bytes(await (await bot.get_file(document.document)).download_as_bytearray()) == b"a,b\n1,2\n"
        copy = await bot.copy_message(chat, chat, document.message_id, caption="복사본")
        await bot.edit_message_caption(chat, copy.message_id, caption="고친 복사본")
        await bot.edit_message_reply_markup(
            chat,
            copy.message_id,
            reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("보기", callback_data="v")]]),
        )
        await bot.set_message_reaction(chat, again.message_id, ReactionTypeEmoji("👍"))
        await bot.pin_chat_message(chat, photo.message_id, disable_notification=True)
        full = await bot.get_chat(chat)
        assert full.pinned_message and full.pinned_message.message_id == photo.message_id
        await bot.unpin_all_chat_messages(chat)
        await bot.delete_messages(chat, [again.message_id, 1])
        await bot.delete_message(chat, photo.message_id)
        assert (await bot.get_user_profile_photos(chat)).total_count == 0

        await bot.set_webhook(hook.url, secret_token="S", allowed_updates=["message"], max_connections=5)
        info = await bot.get_webhook_info()
        assert (info.url, info.max_connections, info.allowed_updates) == (hook.url, 5, ("message",))
        await bot.delete_webhook()


@pytest.mark.usefixtures("judged")
async def test_python_telegram_bot_understands_each_fault(
    server: TelegramStandIn, host: Phone, bot: BareBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise the library warns of its own coming change.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    application = ApplicationBuilder().token(TOKEN).base_url(f"{server.url}/bot").updater(None).job_queue(None).build()
    expected = {
        "429": errors.RetryAfter,
        "500": errors.NetworkError,
        "502_html": errors.NetworkError,
        "timeout_before": errors.TimedOut,
        "timeout_after": errors.TimedOut,
        "drop_after": errors.NetworkError,
    }
    async with application:
        for kind, error in expected.items():
            await bot.fault("sendMessage", kind)
            # Only where silence is ordered must the wait be short: a busy machine may be slow to answer the others.
            patience = 0.2 if kind.startswith("timeout") else 20
            with pytest.raises(error):
                await application.bot.send_message(host.id, kind, read_timeout=patience)
        await host.sees("timeout_after", anywhere=True)
        await host.blocks()
        with pytest.raises(errors.Forbidden):
            await application.bot.send_message(host.id, "들리세요?")

    arrived = [message["text"] for message in await host.reads() if message["from_bot"]]
    assert arrived == ["timeout_after", "drop_after"]


async def test_the_judge_finds_what_does_not_belong(server: TelegramStandIn, host: Phone, bot: BareBot) -> None:
    judge = Judge()
    judge.watch(server)

    await bot.reply("sendMessage", chat_id=host.id, text="x", colour="red")
    await bot.reply(
        "sendMessage", chat_id=host.id, text="x", reply_markup={"inline_keyboard": [[{"text": "a", "b": 1}]]}
    )
    await bot.reply("sendTelepathy", chat_id=host.id)
    await bot.reply("sendChatAction", chat_id=host.id)
    message = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "mood": "good"}

    assert judge.breaches[0] == "sendMessage: unknown field .colour"
    assert judge.breaches[1] == "sendMessage: unknown field .reply_markup.inline_keyboard[0][0].b"
    assert any("no such method" in breach for breach in judge.breaches)
    assert any("action\n  Field required" in breach for breach in judge.breaches)
    assert update_breaches({"update_id": 1, "message": message}) == ["update 1: unknown field .message.mood"]
    assert update_breaches({"update_id": 2}) == ["update 2: 0 kinds in one"]
    assert reply_breaches("getMe", {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "T", "age": 3}}) == [
        "getMe reply: unknown field .age"
    ]
