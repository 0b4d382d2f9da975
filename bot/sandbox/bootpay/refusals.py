"""Bootpay's error answers: an HTTP status, its code and a sentence."""

from __future__ import annotations

SENTENCES = {
    "TOKEN_KEY_INVALID": (401, "인증 토큰이 올바르지 않거나 만료되었습니다."),
    "APP_KEY_NOT_FOUND": (401, "등록되지 않은 애플리케이션 키입니다."),
    "APP_SK_NOT_MATCHED": (401, "시크릿 키가 일치하지 않습니다."),
    "RC_NOT_FOUND": (404, "영수증 정보를 찾을 수 없습니다."),
    "RC_NOT_CONFIRM_READY": (400, "승인 대기 상태의 결제가 아닙니다."),
    "RC_CONFIRM_FAILED": (400, "카드사에서 결제를 거절했습니다."),
    "RC_CONFIRM_CRITICAL_FAILED": (500, "PG사와 통신 중 오류가 발생했습니다."),
    "RC_CANCEL_SERVER_ERROR": (400, "PG사에서 취소를 거절했습니다."),
    "RC_CANCEL_CRITICAL_ERROR": (500, "취소 중 PG사와 통신 오류가 발생했습니다."),
    "RC_ALREADY_CANCELLED": (400, "이미 취소된 결제입니다."),
    "RC_INVALID_EXP_MONTH": (400, "카드 유효기간의 월이 올바르지 않습니다."),
    "RC_NOT_SUBSCRIBE": (400, "빌링키 발급 내역이 아닙니다."),
    "SUBSCRIBE_BK_EXPIRED": (400, "만료되었거나 삭제된 빌링키입니다."),
    "SUBSCRIBE_PUBLISH_NOT_READY": (400, "빌링키가 아직 발급되지 않았습니다."),
    "SERVER_ERROR": (500, "서버에 오류가 발생했습니다."),
    "NEED_CLIENT_KEY": (400, "client_key 또는 application_id가 필요합니다."),
    "NEED_MORE_PARAMS": (400, "필수 값이 빠졌습니다."),
    "INVALID_REQUEST_PARAMS": (400, "요청 값이 올바르지 않습니다."),
    "NEED_ITEM_ID": (400, "items의 id가 필요합니다."),
    "NEED_ITEM_NAME": (400, "items의 name이 필요합니다."),
    "NEED_ITEM_QTY": (400, "items의 qty가 필요합니다."),
    "NEED_ITEM_PRICE": (400, "items의 price가 필요합니다."),
    "NEED_ITEM_TOTAL_PRICE_NOT_MATCH": (400, "items의 합계가 결제 금액과 다릅니다."),
}


class Refusal(Exception):
    """A no in Bootpay's words; `detail` says more than the code's usual sentence."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        self.http_status, sentence = SENTENCES[code]
        self.code = code
        self.message = detail or sentence
        super().__init__(code, self.message)

    def body(self) -> dict[str, str]:
        """Return the JSON body of the answer."""
        return {"error_code": self.code, "message": self.message}
