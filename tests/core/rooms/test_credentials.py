"""What is held back because it looks like a password, and what is not."""

from __future__ import annotations

import pytest

from core.rooms import looks_like_credentials


@pytest.mark.parametrize(
    "text",
    [
        "비밀번호: qwer1234!",
        "비번 qwer1234",
        "비번은 qwer1234예요",
        "비밀번호 는 abcd123",
        "비밀 번호 = hunter22",
        "비밀번호\nnetflix2026!",
        "아이디/비번: user@example.com / qwer1234",
        "아이디 user@example.com 비번 qwer1234",
        "user@example.com / qwer1234!",
        "user@example.com\nqwer1234",
        "pw qwer1234",
        "PW: hello",
        "p/w : hello77",
        "ID/PW = foo@example.com / bar99",
        "password is hunter2",
        "Password: correct-horse",
        "passwd=abcd",
        "패스워드 -> 바나나우유77",
        "ＰＷ：ｑｗｅｒ１２３４",
        "비\u200b번: qwer1234",
        "암호는 1234예요",
        "비번이 바뀌었어요: qwer1234",
    ],
)
def test_a_password_is_recognised(text: str) -> None:
    assert looks_like_credentials(text)


@pytest.mark.parametrize(
    "text",
    [
        "안녕하세요!",
        "비밀번호는 대화방에 적지 마세요",
        "비번 바뀌었어요?",
        "혹시 비번 아시는 분",
        "비밀번호: 호스트에게 물어보세요",
        "password reset mail came, did anybody get it?",
        "오늘 밤 9시에 같이 봐요",
        "pwc 다니는 친구가 추천한 영화예요",
        "compass 나오는 영화 뭐였죠",
        "문의는 help@example.com 으로 주세요",
        "help@example.com 내일까지",
        "https://www.netflix.com/password",
        "시즌 2 1화 4분 12초에 나와요",
        "비번 문의는 여기로: https://help.example.com/1",
        "암호명 007 재밌어요",
    ],
)
def test_ordinary_talk_passes(text: str) -> None:
    assert not looks_like_credentials(text)
