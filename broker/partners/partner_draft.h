// What a partner's record may contain: checked where it comes in.
//
// Pure functions, any thread; a JWKS with RSA keys costs milliseconds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/partners/partner.h"
#include "core/base/result.h"
#include "core/base/secret.h"

namespace claviger::partners {

struct PartnerDraft {
  std::string name;
  std::string display_name;  // empty: the name
  std::string issuer;
  std::string resource;        // empty: the issuer
  std::string token_endpoint;  // empty: the issuer's /token
  std::string jwks_uri;        // empty: the issuer's /jwks, unless keys are installed
  std::string jwks;
  std::string ca_pem;
  std::string revocations_uri;  // empty: the issuer's /revocations, when there is a feed_client_id
  std::string feed_client_id;
  SecretBytes feed_secret;
  std::vector<std::string> scopes;
  std::vector<std::string> domains;
  std::vector<std::string> accepted_acrs;
  std::vector<std::string> clients;
  Outbound outbound = Outbound::None;
  bool is_strict_type = true;
  bool gives_refresh_tokens = false;
  Seconds keys_kept{7 * 24 * 3600};
  Seconds session_max{12 * 3600};
};

// PartnerInvalid with the member that is wrong; KeyPublished; ScopeMalformed. `own_issuer`: of the tenant, which is
// nobody's partner's.
Result<Partner> partner_of(const PartnerDraft& draft, std::string_view own_issuer);

// What partner_of() would make this one of: to change some of it. Without the feed's secret.
PartnerDraft draft_of(const Partner& partner);

bool is_partner_name(std::string_view name);

}  // namespace claviger::partners
