// Passkeys: forms with data-passkey ask the server for a question, the device for its answer, and are then sent with it.
// Also the button that copies recovery codes. Without this script the forms say that they need it.
(function () {
  "use strict";

  const words = JSON.parse(document.currentScript.dataset.words); // in the page's language

  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const toText = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  function create(question) {
    const user = { ...question.user, id: toBytes(question.user.id) };
    const publicKey = { ...question, user, challenge: toBytes(question.challenge) };
    publicKey.excludeCredentials = withBytes(question.excludeCredentials);
    return navigator.credentials.create({ publicKey });
  }

  function get(question) {
    const publicKey = { ...question, challenge: toBytes(question.challenge) };
    publicKey.allowCredentials = withBytes(question.allowCredentials);
    return navigator.credentials.get({ publicKey });
  }

  function inWords(credential) {
    const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[part]) {
        response[part] = toText(credential.response[part]);
      }
    }
    if (credential.response.getTransports) {
      response.transports = credential.response.getTransports();
    }
    return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response });
  }

  const NOT_MADE = { NotAllowedError: words.notMade, ConstraintError: words.notMade, NotSupportedError: words.notMade };
  const REASONS = {
    NotAllowedError: words.notUsed,
    InvalidStateError: words.hereAlready,
    SecurityError: words.otherAddress,
  };

  async function askDevice(form) {
    const answer = await fetch(form.dataset.question, { method: "POST", body: new FormData(form) });
    const isQuestion = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const question = isQuestion ? await answer.json() : {};
    if (!answer.ok || answer.redirected || !isQuestion) {
      throw { words: question.words || words.tooOld };
    }
    return form.dataset.passkey === "create" ? create(question) : get(question);
  }

  for (const part of document.querySelectorAll("[data-shown-with-passkeys]")) {
    part.hidden = (part.dataset.shownWithPasskeys === "yes") !== Boolean(window.PublicKeyCredential);
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-problem]");
    const missing = form.querySelector("[data-without-script]");
    if (!window.PublicKeyCredential) {
      missing.textContent = words.cannot;
      continue;
    }
    missing.hidden = true;
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      if (form.dataset.asking) {
        return;
      }
      form.dataset.asking = "yes";
      problem.hidden = true;
      try {
        form.elements.credential.value = inWords(await askDevice(form));
        form.submit();
      } catch (error) {
        const reasons = form.dataset.passkey === "create" ? { ...REASONS, ...NOT_MADE } : REASONS;
        problem.textContent = error.words || reasons[error.name] || words.notWorking;
        problem.hidden = false;
      } finally {
        delete form.dataset.asking;
      }
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async function () {
      const copied = document.querySelector("[data-copied]");
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        copied.textContent = words.copied;
      } catch {
        copied.textContent = words.notCopied;
      }
    });
  }
})();
