// Every sentence of the page itself, in its two languages. What the bot says comes from the bot.

const WORDS = {
  ko: {
    title: "TWO 데모",
    tagline: "OTT, 같이 봐요",
    notice: "모의 결제예요. 실제 돈은 움직이지 않아요.",
    other_language: "EN",
    other_language_label: "Switch this page to English",
    tabs: "사람별 대화",
    chat_of: "{name}의 대화",
    host: "호스트",
    member: "파티원",
    online: "연결됨",
    offline: "다시 연결하는 중",
    empty: "아직 나눈 대화가 없어요",
    empty_hint: "시작을 누르면 TWO가 인사해요.",
    start: "시작",
    blocked: "봇을 차단했어요",
    unblock: "차단 해제",
    block: "봇 차단하기",
    restart: "/start 다시 보내기",
    chat_menu: "{name}의 대화 메뉴",
    write: "메시지",
    write_to: "{name}(으)로 메시지 쓰기",
    send: "보내기",
    photo: "사진 보내기",
    photo_alt: "사진",
    open_photo: "사진 크게 보기",
    file: "파일",
    commands: "명령어",
    no_commands: "아직 등록된 명령어가 없어요",
    pinned: "고정된 메시지",
    edited: "수정됨",
    to_bottom: "최신 메시지로",
    new_messages: "새 메시지 {count}개",
    keyboard: "빠른 답장",
    ok: "확인",
    copied: "복사했어요",
    copy_failed: "복사하지 못했어요",
    copy_link: "링크 복사",
    open_here: "여기서 열기",
    open_as: "다른 사람으로 열기",
    open_as_person: "{name}(으)로 열기",
    link_menu: "링크 메뉴",
    send_failed: "보내지 못했어요. 잠시 뒤 다시 해 주세요.",
    button_gone: "이제 쓸 수 없는 버튼이에요.",
    not_in_demo: "이 링크는 데모에서 열 수 없어요.",
    load_failed: "대화를 불러오지 못했어요. 다시 연결하고 있어요.",
    clock: "데모 시계",
    clock_hour: "+1시간",
    clock_day: "+1일",
    clock_next: "다음 일정으로",
    clock_pick: "날짜 선택",
    clock_pick_label: "옮길 날짜와 시각 (한국 시간)",
    clock_go: "이 시각으로",
    clock_moving: "{time}까지 가는 중…",
    clock_due: "다음",
    clock_due_list: "다가오는 일정",
    clock_no_due: "예정된 일정이 없어요",
    due_hold_over: "맡아 둔 자리가 비워져요",
    due_offer_over: "대기자에게 맡아 둔 자리의 시간이 끝나요",
    due_party_starts: "파티가 시작돼요",
    due_recruiting_ends: "모집이 끝나요",
    due_next_bill: "다음 달 요금이 나와요",
    due_reminder: "결제 알림이 와요",
    due_card_charged: "등록한 카드로 결제돼요",
    due_release: "호스트에게 정산할 금액이 확정돼요",
    due_suspension: "결제가 늦은 파티원의 이용이 멈춰요",
    due_seat_freed: "결제가 늦은 파티원의 자리가 비워져요",
    due_quiet_over: "방해 금지 시간이 끝나요",
    due_price_closes: "새 요금에 답할 수 있는 시간이 끝나요",
    due_member_leaves: "나가는 파티원의 자리가 비워져요",
    due_party_ends: "파티가 끝나요",
    clock_error_moving: "시계가 이미 움직이고 있어요.",
    clock_error_not_forward: "시계는 앞으로만 갈 수 있어요.",
    clock_error_too_far: "한 번에 400일까지만 갈 수 있어요.",
    clock_error_nothing_due: "예정된 일정이 없어요.",
    clock_error_unclear: "날짜와 시각을 다시 확인해 주세요.",
    clock_error_stopped: "시계를 옮기다 멈췄어요. 터미널의 기록을 봐 주세요.",
    walk_open: "처음이라면",
    walk_title: "이렇게 둘러보세요",
    walk_close: "닫기",
    walk: [
      "{host} 창에서 시작을 누르고, /newparty 로 파티를 만들어요.",
      "초대 링크 옆 ⋮ 에서 ‘{member}(으)로 열기’를 골라 참여해요.",
      "결제하기를 누르면 모의 결제창이 열려요. 카드 없이 끝나요.",
      "결제가 끝나면 대화방이 열려요. 서로 이야기해 보세요.",
      "위쪽 시계를 ‘다음 일정으로’ 옮기면 결제 알림이 와요.",
      "/rate 로 별점을 남기고 /recommend 로 추천을 받아요.",
    ],
  },
  en: {
    title: "TWO demo",
    tagline: "Take With OTT",
    notice: "Payments here are mock. No real money moves.",
    other_language: "한국어",
    other_language_label: "이 페이지를 한국어로 보기",
    tabs: "Chats by person",
    chat_of: "{name}'s chat",
    host: "Host",
    member: "Member",
    online: "Connected",
    offline: "Reconnecting",
    empty: "No messages yet",
    empty_hint: "Press Start and TWO says hello.",
    start: "Start",
    blocked: "You blocked the bot",
    unblock: "Unblock",
    block: "Block the bot",
    restart: "Send /start again",
    chat_menu: "Menu of {name}'s chat",
    write: "Message",
    write_to: "Write as {name}",
    send: "Send",
    photo: "Send a photo",
    photo_alt: "Photo",
    open_photo: "Open the photo",
    file: "File",
    commands: "Commands",
    no_commands: "No commands registered yet",
    pinned: "Pinned message",
    edited: "edited",
    to_bottom: "To the newest message",
    new_messages: "{count} new",
    keyboard: "Quick replies",
    ok: "OK",
    copied: "Copied",
    copy_failed: "Could not copy",
    copy_link: "Copy link",
    open_here: "Open here",
    open_as: "Open as someone else",
    open_as_person: "Open as {name}",
    link_menu: "Link menu",
    send_failed: "That did not go through. Try again in a moment.",
    button_gone: "This button is no longer available.",
    not_in_demo: "The demo cannot open this link.",
    load_failed: "Could not load the chat. Reconnecting.",
    clock: "Demo clock",
    clock_hour: "+1 hour",
    clock_day: "+1 day",
    clock_next: "To next event",
    clock_pick: "Pick a date",
    clock_pick_label: "Date and time to go to (Korean time)",
    clock_go: "Go there",
    clock_moving: "Going to {time}…",
    clock_due: "Next",
    clock_due_list: "Coming up",
    clock_no_due: "Nothing is scheduled",
    due_hold_over: "a held seat is freed",
    due_offer_over: "an offered seat goes to the next in line",
    due_party_starts: "a party starts",
    due_recruiting_ends: "recruiting ends",
    due_next_bill: "next month's bill opens",
    due_reminder: "a reminder comes",
    due_card_charged: "a card on file is charged",
    due_release: "a host's money is released",
    due_suspension: "a late member loses access",
    due_seat_freed: "a late member loses the seat",
    due_quiet_over: "quiet hours end",
    due_price_closes: "consent to a new price closes",
    due_member_leaves: "a member leaves",
    due_party_ends: "a party ends",
    clock_error_moving: "The clock is already moving.",
    clock_error_not_forward: "The clock only goes forward.",
    clock_error_too_far: "At most 400 days at a time.",
    clock_error_nothing_due: "Nothing is scheduled.",
    clock_error_unclear: "Please check the date and time.",
    clock_error_stopped: "The clock stopped on the way. See the log in the terminal.",
    walk_open: "New here?",
    walk_title: "A quick walk",
    walk_close: "Close",
    walk: [
      "In {host}'s chat press Start, then form a party with /newparty.",
      "Next to the invitation link, open ⋮ and choose “Open as {member}” to join.",
      "Press the payment button: a mock payment window opens. No card needed.",
      "Once somebody has paid, the party's room opens. Say hello.",
      "Move the clock to the next event and the reminders arrive.",
      "Rate what you watch with /rate, then try /recommend.",
    ],
  },
};

const KEPT_AS = "two-demo-language";
const listeners = [];
let language = kept() ?? "ko";

function kept() {
  try {
    const found = localStorage.getItem(KEPT_AS);
    return found in WORDS ? found : null;
  } catch {
    return null; // storage can be switched off in the browser
  }
}

/** The page's language, "ko" or "en". */
export function currentLanguage() {
  return language;
}

/** Words one of the page's sentences in the current language. */
export function say(key, values = {}) {
  return fill(WORDS[language][key], values);
}

/** Words a sentence that the page may not have: then what it was given instead. */
export function sayOr(key, otherwise) {
  return WORDS[language][key] ?? otherwise;
}

/** The page's sentences that come as a list. */
export function sayAll(key, values = {}) {
  return WORDS[language][key].map((line) => fill(line, values));
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}(\(으\))?/g, (_, name, particle) => {
    const value = String(values[name]);
    return particle && needsEu(value) ? `${value}으` : value;
  });
}

// 하늘로, 민수로, but 지은으로: a final consonant other than ㄹ takes 으.
function needsEu(word) {
  const last = word.charCodeAt(word.length - 1) - 0xac00;
  if (last < 0 || last > 11171) return false;
  const final = last % 28;
  return final !== 0 && final !== 8;
}

/** Calls back now and whenever the language changes. */
export function onLanguage(callback) {
  listeners.push(callback);
  callback();
}

/** Switches between Korean and English and remembers the choice. */
export function switchLanguage() {
  language = language === "ko" ? "en" : "ko";
  try {
    localStorage.setItem(KEPT_AS, language);
  } catch {
    // the choice then lasts until the page is closed
  }
  for (const callback of listeners) callback();
}
