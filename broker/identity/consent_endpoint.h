// POST /idms/v1/{tenant}/consent: the user says whether the client may have what it asked for, and the code leaves, or not.
//
// After a sign-in whose client needs consent, ask_consent() answers with the page, or as JSON; the code goes along in it,
// sealed, bound to the browser by the interaction's cookie, which also keeps other sites from answering for the user.
#pragma once

#include <string>

#include "broker/identity/interaction.h"
#include "broker/identity/routes.h"
#include "core/base/secret.h"
#include "core/http/message.h"

namespace claviger::identity {

void add_consent_route(http::Router& router, Contexts& contexts);

struct ConsentQuestion {
  const Interaction& interaction;
  const SecretBytes& code;  // durable already
  std::string_view client_name;
};
http::Response ask_consent(broker::Context& context, const broker::TenantView& tenant, const http::Request& request,
                           const ConsentQuestion& question);

}  // namespace claviger::identity
