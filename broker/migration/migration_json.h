// The JSON of migration: bindings and what systems tell each other, read and written.
//
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/migration/binding.h"
#include "broker/migration/binding_procedures.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::migration {

using Json = codec::JsonWriter<std::string>;

void write_texts(Json& json, std::string_view name, const std::vector<std::string>& texts);
void write_access(Json& json, const Access& access);
// One object.
void write_binding(Json& json, const Binding& binding);
std::string binding_text(const Binding& binding);

// Members: direction ("inbound", the default, or "outbound"), system, mode ("static", the default, or "dynamic"), state,
// partner_impi, partner_impus, primary_impi, primary_impus, sub, hosts, realm, grant, not_before, not_after, access.
// Also primary_system_id, partner_impu and primary_impu (arrays), which are system, partner_impus and primary_impus. Modes
// and states in either case. What write_binding says beside these is read over. BindingInvalid with the member that is wrong.
Result<Binding> read_binding_object(codec::JsonObject object);

// POST /migrants: of the partner system what it makes, of the primary system what it asks for.
struct PrepareRequest {
  std::string primary_impi;
  std::vector<std::string> primary_impus;
  std::vector<std::string> hosts;
  std::string realm;
  std::string grant;
  std::int64_t not_after = 0;
};
Result<PrepareRequest> read_prepare_request(std::string_view text);
struct Prepared {
  std::string partner_impi;
  std::vector<std::string> partner_impus;
  Access access;
};
// What a partner system says of a binding that it has revoked.
struct Ended {
  std::string primary_impi;
  std::string partner_impi;
};
Result<Ended> read_ended(std::string_view text);
// Of a refusal (problem.h): what its "code" says.
Result<std::string> read_problem_code(std::string_view text);
Result<Prepared> read_prepared(std::string_view text);

// Of a device that wants the migration connectivity information: {"mc_system": the partner system}. AgreementUnknown: what
// is no name of a system has no agreement.
Result<std::string> read_wanted_system(std::string_view text);

// Migration service authorisation (TS 23.280 clause 10.6.3.2): of the device to the partner system's MC service server,
// and of that one to the primary system's.
struct ServiceRequest {
  std::string service;                // "mcptt", "mcvideo", "mcdata"
  std::string mc_service_id;          // there; may be left out
  std::string primary_mc_service_id;  // at home
  std::string profile;                // the user profile that is wanted; may be left out
};
Result<ServiceRequest> read_service_request(std::string_view text);
std::string write_service_request(const ServiceRequest& request);
// `cause`: empty when it is authorised.
std::string write_service_response(const ServiceRequest& request, std::string_view cause);
struct ServiceResponse {
  bool is_authorised = false;
  std::string cause;
};
Result<ServiceResponse> read_service_response(std::string_view text);

}  // namespace claviger::migration
