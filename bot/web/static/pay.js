// Asks our server for an attempt and hands it to Bootpay's script; what is paid comes from the server.
(function () {
  "use strict";

  const PATIENCE_MS = 20000;
  const button = document.getElementById("pay");
  const trouble = document.getElementById("trouble");
  const label = button.textContent;

  // This script runs before Bootpay's, which may be slow to come, or never come: the button says so.
  const bootpayIsHere = new Promise(function (resolve, reject) {
    const script = document.getElementById("bootpay");
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
  });
  bootpayIsHere.catch(function () {});

  function tooLate() {
    return new Promise(function (_, reject) {
      window.setTimeout(reject, PATIENCE_MS);
    });
  }

  function ready() {
    button.disabled = false;
    button.textContent = label;
  }

  function complain(message) {
    trouble.textContent = message || button.dataset.failed;
    trouble.hidden = false;
    ready();
  }

  // Windows that do not lead back by themselves say here what they would have brought back.
  function comeBack(ended, address) {
    const receipt = ended && (ended.receipt_id || (ended.data && ended.data.receipt_id));
    if (receipt) {
      const back = new URL(address);
      back.searchParams.set("event", ended.event || "");
      back.searchParams.set("receipt_id", receipt);
      window.location.assign(back.href);
    }
  }

  async function ask() {
    const response = await fetch(button.dataset.attempt, { method: "POST" });
    return { ok: response.ok, said: await response.json() };
  }

  async function pay() {
    button.disabled = true;
    button.textContent = button.dataset.wait;
    trouble.hidden = true;
    try {
      await Promise.race([bootpayIsHere, tooLate()]);
      const answer = await Promise.race([ask(), tooLate()]);
      if (!answer.ok) {
        complain(answer.said.message);
        if (answer.said.look_again) {
          window.setTimeout(function () { window.location.reload(); }, 2000);
        }
        return;
      }
      comeBack(await window.Bootpay[button.dataset.call](answer.said), answer.said.extra.redirect_url);
    } catch (error) {
      complain(error && error.event ? error.message : "");
    }
  }

  button.addEventListener("click", pay);
  // Coming back with the browser's arrow may show the page as it was left.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
    }
  });
  ready();
})();
