// The stand-in's copy of Bootpay's browser script: the same call, a mock payment window behind it.
(function () {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;

  function refusal(code, message) {
    return { event: "error", error_code: code, message: message };
  }

  function forever() {
    // In redirect mode the page goes away, so the promise never settles.
    return new Promise(function () {});
  }

  async function openWindow(path, payload) {
    let answer;
    try {
      const response = await fetch(origin + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(payload === undefined ? null : payload),
      });
      answer = await response.json();
    } catch (error) {
      throw refusal("NETWORK_ERROR", "결제 서버에 연결하지 못했어요.");
    }
    if (answer.error_code) {
      throw refusal(answer.error_code, answer.message);
    }
    window.location.assign(origin + answer.window);
    return forever();
  }

  function requestPayment(payload) {
    return openWindow("/request/payment", payload);
  }

  function requestSubscription(payload) {
    return openWindow("/request/subscription", payload);
  }

  async function requestPaymentUrl(wish) {
    if (!wish || !wish.url) {
      throw refusal("NEED_MORE_PARAMS", "url 값이 필요합니다.");
    }
    window.location.assign(wish.url);
    return forever();
  }

  window.Bootpay = {
    requestPayment: requestPayment,
    requestSubscription: requestSubscription,
    requestPaymentUrl: requestPaymentUrl,
  };
})();
