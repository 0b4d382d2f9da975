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

  // As Bootpay's own script does: its style comes as text, and its window over the page calls it by attributes.
  const style = document.createElement("style");
  style.textContent = ".bootpay-payment-background { position: fixed; inset: 0; display: block; z-index: 200000; }";
  document.head.appendChild(style);

  function dismiss() {
    document.querySelectorAll(".bootpay-payment-background").forEach(function (drawn) { drawn.remove(); });
  }

  function drawOver() {
    dismiss();
    const over = document.createElement("div");
    over.innerHTML = '<div class="bootpay-payment-background">' +
      '<button class="bootpay-close-btn" onclick="Bootpay.dismiss()"></button></div>';
    document.body.appendChild(over.firstChild);
  }

  async function openWindow(path, payload) {
    let answer;
    drawOver();
    try {
      const response = await fetch(origin + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(payload === undefined ? null : payload),
      });
      answer = await response.json();
    } catch (error) {
      dismiss();
      throw refusal("NETWORK_ERROR", "결제 서버에 연결하지 못했어요.");
    }
    if (answer.error_code) {
      dismiss();
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
    dismiss: dismiss,
  };
})();
