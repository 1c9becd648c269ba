// Passkeys: forms with data-passkey ask the server for a question, the device for its answer, and are then sent with it.
// Also the button that copies recovery codes. Without this script the forms say that they need it.
(function () {
  "use strict";

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

  const REASONS = {
    NotAllowedError: "The passkey was not used: it was cancelled, it took too long, or this device has none. Try again.",
    InvalidStateError: "This device has a passkey for you already.",
    SecurityError: "Passkeys do not work at this web address. Use the address that your administrators gave you.",
  };
  const ELSE = "The passkey could not be used. Try again, or sign in another way.";

  async function askDevice(form) {
    const answer = await fetch(form.dataset.question, { method: "POST", body: new FormData(form) });
    const isQuestion = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const question = isQuestion ? await answer.json() : {};
    if (!answer.ok || answer.redirected || !isQuestion) {
      throw { words: question.words || "This page is too old. Load it again." };
    }
    return form.dataset.passkey === "create" ? create(question) : get(question);
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-problem]");
    const missing = form.querySelector("[data-without-script]");
    if (!window.PublicKeyCredential) {
      missing.textContent = "This browser cannot use passkeys.";
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
        problem.textContent = error.words || REASONS[error.name] || ELSE;
        problem.hidden = false;
      } finally {
        delete form.dataset.asking;
      }
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async function () {
      const words = document.querySelector("[data-copied]");
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        words.textContent = "Copied.";
      } catch {
        words.textContent = "The browser does not let this page copy. Mark the codes and copy them.";
      }
    });
  }
})();
