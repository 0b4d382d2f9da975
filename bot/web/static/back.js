// A window that the chat itself opened closes; anywhere else the link leads back into the chat.
(function () {
  "use strict";

  document.getElementById("back").addEventListener("click", function (event) {
    if (window.opener) {
      event.preventDefault();
      window.close();
    }
  });
})();
