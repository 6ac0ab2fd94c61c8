// The only script of all our pages: asks the browser for a key's answer and sends it with the form.
//
// Goes into the page under the nonce of its Content-Security-Policy; reads what to ask for from `data-options` of its form.
#pragma once

#include <string_view>

namespace claviger::identity {

inline constexpr std::string_view kWebAuthnScript = R"js(
(() => {
  'use strict';
  const form = document.getElementById('key');
  const options = JSON.parse(form.dataset.options);
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const keys = (ids) => ids.map((id) => ({ type: 'public-key', id: bytes(id) }));
  const make = (wanted) => navigator.credentials.create({ publicKey: {
    challenge: bytes(wanted.challenge), rp: wanted.rp, timeout: wanted.timeout, attestation: 'none',
    user: { ...wanted.user, id: bytes(wanted.user.id) },
    pubKeyCredParams: wanted.algorithms.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: keys(wanted.credentials),
    authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' } } });
  const sign = (wanted) => navigator.credentials.get({ publicKey: {
    challenge: bytes(wanted.challenge), rpId: wanted.rp.id, timeout: wanted.timeout,
    allowCredentials: keys(wanted.credentials), userVerification: 'required' } });
  const send = ({ id, response }) => {
    const answer = { id, clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      answer.attestationObject = text(response.attestationObject);
    } else {
      answer.authenticatorData = text(response.authenticatorData);
      answer.signature = text(response.signature);
      if (response.userHandle) answer.userHandle = text(response.userHandle);
    }
    form.elements.answer.value = JSON.stringify(answer);
    form.submit();
  };
  const button = document.getElementById('use-key');
  button.addEventListener('click', async () => {
    const failed = document.getElementById('key-failed');
    failed.hidden = true;
    button.disabled = true;
    try {
      send(await (options.make ? make(options) : sign(options)));
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  });
  button.hidden = false;
})();
)js";

}  // namespace claviger::identity
