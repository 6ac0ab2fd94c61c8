// The services whose users register here: MCPTT, MCVideo, MCData (TS 24.379, 24.281, 24.282 clause 7), and the operator's
// own ([[sip.service]]). All follow the same procedures; a definition says how UEs, bodies and tokens name the service.
//
// Made once from the settings, immutable, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/settings/sip_settings.h"
#include "broker/tokens/verifier/mc_service.h"

namespace claviger::registration {

struct Service {
  std::string name;  // "mcptt": in front of its elements' names
  std::string scope;
  std::string identity_claim;
  tokens::McService mc_service = tokens::McService::None;  // None: the claim is the operator's own
  std::vector<std::string> feature_tags;
  std::vector<std::string> icsis;
  std::string info_media_type;
  std::string info_namespace;
  std::string signed_media_type;  // of the signatures over parts of a body
  std::string signed_namespace;
  bool needs_confidentiality = false;  // access tokens and identities are taken encrypted only
  bool needs_integrity = false;        // bodies are taken signed only
};

class Services {
 public:
  explicit Services(const settings::Sip& sip);

  const std::vector<Service>& all() const { return services_; }
  const Service* find(std::string_view name) const;
  // In all(); its size for a name that is none.
  std::size_t index_of(std::string_view name) const;
  const Service* find_by_media_type(std::string_view media_type) const;
  // Names of the services that a Contact of a UE stands for: by feature tag or by ICSI. `parameters` as in ";a;b=c".
  std::vector<std::string> named_by_contact(std::string_view parameters) const;

 private:
  std::vector<Service> services_;
};

}  // namespace claviger::registration
