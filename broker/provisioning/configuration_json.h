// The bodies of SS_IdmParameterProvisioning (TS 29.549 clause 7.4.1.4, OpenAPI of V18.4.0).
//
//   {"valServerId":"vs1.example","valSvcConf":[
//     {"valServiceId":"v2x","idList":[{"valUserId":"sip:ann@example"},{"valUeId":"ue-7"}]}],"suppFeat":"0"}
//
// Pure functions, any thread: a full body takes longer than a turn of a shard may, so endpoints call them in a pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/provisioning/configuration.h"

namespace claviger::provisioning {

// What is wrong with a body, for ProblemDetails: which member, as a JSON pointer (empty: the body itself), and why.
struct BodyFault {
  std::string member;
  std::string_view reason;  // a literal
};

struct ConfigurationBody {
  std::string val_server_id;
  std::vector<ValService> services;
  bool has_features = false;  // suppFeat was sent: the answer says which we have (TS 29.500 clause 6.6: none)
};
// A merge patch (RFC 7396): what is absent stays. Neither member may be removed.
struct ConfigurationPatch {
  std::optional<std::string> val_server_id;
  std::optional<std::vector<ValService>> services;
  bool has_features = false;
};

template <typename Body>
struct BodyOrFault {
  std::optional<Body> body;
  BodyFault fault;
};

// Members that we do not know are ignored (TS 29.501 clause 5.2.4), repeated ones are a fault.
BodyOrFault<ConfigurationBody> parse_configuration(std::string_view json);
BodyOrFault<ConfigurationPatch> parse_patch(std::string_view json);

std::string write_configuration(const Configuration& configuration, bool has_features);
std::string write_configurations(const std::vector<Configuration>& configurations);

}  // namespace claviger::provisioning
