// Asks our server for an attempt and hands it to Bootpay's script; what is paid comes from the server.
(function () {
  "use strict";

  const button = document.getElementById("pay");
  const trouble = document.getElementById("trouble");
  const label = button.textContent;

  function ready() {
    button.disabled = false;
    button.textContent = label;
  }

  function complain(message) {
    trouble.textContent = message || button.dataset.failed;
    trouble.hidden = false;
    ready();
  }

  async function pay() {
    button.disabled = true;
    button.textContent = button.dataset.wait;
    trouble.hidden = true;
    let answer;
    try {
      const response = await fetch(button.dataset.attempt, { method: "POST" });
      answer = await response.json();
      if (!response.ok) {
        complain(answer.message);
        if (answer.look_again) {
          window.setTimeout(function () { window.location.reload(); }, 2000);
        }
        return;
      }
      await window.Bootpay[button.dataset.call](answer);
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
