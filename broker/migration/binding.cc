#include "broker/migration/binding.h"

#include <algorithm>
#include <array>

#include "broker/migration/binding_generated.h"
#include "broker/migration/sip_identity.h"
#include "broker/public_identity_rows.h"
#include "broker/record_key.h"
#include "storage/record.h"

namespace claviger::migration {
namespace {

constexpr storage::RecordSchema kSchema{"migration_bindings", 1};
constexpr std::array<std::string_view, 5> kStates{"active", "suspended", "revoked", "prepared", "pending"};
constexpr std::size_t kTextMax = 255;

using storage::text_of;
using storage::texts_of;

Error invalid(std::string_view where) { return {Code::BindingInvalid, where}; }

Result<Unit> check_pair(std::string_view impi, const std::vector<std::string>& impus,
                        const std::vector<std::string>& domains, std::string_view where) {
  const auto is_own = [&](std::string_view identity) { return domains.empty() || is_in_domains(identity, domains); };
  if (!is_private_identity(impi) || !is_own(impi)) return invalid(where);
  if (impus.empty() || impus.size() > kPublicIdentitiesMax) return invalid(where);
  for (const std::string& impu : impus) {
    if (!is_public_identity(impu) || !is_own(impu)) return invalid(where);
    if (std::ranges::count(impus, impu) != 1) return invalid(where);
  }
  return Unit{};
}

}  // namespace

std::string_view name_of(Mode mode) { return mode == Mode::Static ? "static" : "dynamic"; }
std::string_view name_of(BindingState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string inbound_key(std::string_view tenant, std::string_view partner_impi) {
  return broker::record_key({tenant, partner_impi});
}
std::string outbound_prefix(std::string_view tenant, std::string_view system) {
  return broker::record_prefix({tenant, "/" + std::string(system)});
}
std::string outbound_key(std::string_view tenant, std::string_view system, std::string_view primary_impi) {
  return outbound_prefix(tenant, system).append(primary_impi);
}
std::string binding_key(std::string_view tenant, const Binding& binding) {
  return binding.direction == Direction::Inbound ? inbound_key(tenant, binding.partner_impi)
                                                 : outbound_key(tenant, binding.system, binding.primary_impi);
}

std::string public_identity_key(std::string_view tenant, std::string_view impu) {
  return broker::visitors_identity_key(tenant, impu);
}
std::string primary_identity_key(std::string_view tenant, std::string_view system, std::string_view primary_impi) {
  return broker::record_key({tenant, "primary", system, primary_impi});
}
std::string user_index_key(std::string_view tenant, std::string_view system, std::string_view sub) {
  return broker::record_key({tenant, "sub", system, sub});
}
std::string partner_identity_key(std::string_view tenant, std::string_view system, std::string_view partner_impi) {
  return broker::record_key({tenant, "partner", system, partner_impi});
}
std::string count_key(std::string_view tenant, std::string_view system) {
  return broker::record_key({tenant, "count", system});
}

std::vector<std::string> identity_keys(std::string_view tenant, const Binding& binding) {
  std::vector<std::string> keys;
  if (binding.direction == Direction::Inbound) {
    keys.push_back(primary_identity_key(tenant, binding.system, binding.primary_impi));
    for (const std::string& impu : binding.partner_impus) keys.push_back(public_identity_key(tenant, impu));
    return keys;
  }
  if (!binding.sub.empty()) keys.push_back(user_index_key(tenant, binding.system, binding.sub));
  if (!binding.partner_impi.empty()) keys.push_back(partner_identity_key(tenant, binding.system, binding.partner_impi));
  return keys;
}

const std::string& own_impi(const Binding& binding) {
  return binding.direction == Direction::Inbound ? binding.partner_impi : binding.primary_impi;
}

Result<Unit> check_binding(const Binding& binding, const Agreement& agreement) {
  const bool is_inbound = binding.direction == Direction::Inbound;
  // Who is not sent yet has no identities there.
  const bool is_open = binding.state == BindingState::Prepared || binding.state == BindingState::Pending;
  if (is_inbound && is_open) return invalid("binding.state");
  static const std::vector<std::string> kAnywhere;
  const auto& partner_domains = is_inbound ? agreement.ranges : agreement.domains;
  const auto& primary_domains = is_inbound ? agreement.domains : kAnywhere;
  CLAVIGER_TRY(primary, check_pair(binding.primary_impi, binding.primary_impus, primary_domains, "binding.primary"));
  if (!is_open) {
    CLAVIGER_TRY(partner, check_pair(binding.partner_impi, binding.partner_impus, partner_domains, "binding.partner"));
  }
  if (is_inbound) {
    const bool is_allowed = binding.mode == Mode::Static ? agreement.allows_static() : agreement.allows_dynamic();
    if (!is_allowed) return invalid("binding.mode");
  } else if (agreement.outbound == Outbound::None) {
    return invalid("binding.direction");
  } else if (is_open && binding.mode == Mode::Static) {
    return invalid("binding.mode");  // static identities are exchanged before
  }
  if (!binding.realm.empty() && !is_domain(binding.realm)) return invalid("binding.realm");
  if (binding.hosts.size() > kAgreementListMax || !std::ranges::all_of(binding.hosts, is_domain)) {
    return invalid("binding.hosts");
  }
  if (binding.grant.size() > kGrantMax) return invalid("binding.grant");
  if (binding.sub.size() > kTextMax || binding.sub.find('\0') != std::string::npos) return invalid("binding.sub");
  if (binding.not_before < 0 || binding.not_after < 0 ||
      (binding.not_after != 0 && binding.not_after <= binding.not_before)) {
    return invalid("binding.not_after");
  }
  return Unit{};
}

Result<Unit> check_new_identities(const Binding& binding, const Binding* present, const Agreement& agreement) {
  if (binding.direction != Direction::Inbound || agreement.identities.empty()) return Unit{};
  const auto is_named = [&](const std::string& impu) {
    return std::ranges::any_of(agreement.identities,
                               [&](const std::string& prefix) { return impu.starts_with(prefix); });
  };
  for (const std::string& impu : binding.partner_impus) {
    const bool is_present =
        present != nullptr && std::ranges::find(present->partner_impus, impu) != present->partner_impus.end();
    if (!is_present && !is_named(impu)) return invalid("binding.identities");
  }
  return Unit{};
}

bool becomes_others(const Binding* present, BindingState state, bool by_other) {
  if (!by_other || state == BindingState::Active) return false;
  return present == nullptr || present->state != state || present->is_state_others;
}

Result<Unit> check_usable(const Binding& binding, std::int64_t now) {
  const bool is_usable = binding.state == BindingState::Active && !binding.is_held && binding.not_before <= now &&
                         (binding.not_after == 0 || now < binding.not_after);
  if (!is_usable) return Error{Code::BindingInactive, "binding"};
  return Unit{};
}

std::string encode_binding(const Binding& binding) {
  flatbuffers::FlatBufferBuilder builder(1024);
  const auto text = [&](const std::string& value) { return builder.CreateString(value); };
  const auto system = text(binding.system);
  const auto partner_impi = text(binding.partner_impi);
  const auto partner_impus = builder.CreateVectorOfStrings(binding.partner_impus);
  const auto primary_impi = text(binding.primary_impi);
  const auto primary_impus = builder.CreateVectorOfStrings(binding.primary_impus);
  const auto sub = text(binding.sub);
  const auto hosts = builder.CreateVectorOfStrings(binding.hosts);
  const auto realm = text(binding.realm);
  const auto grant = text(binding.grant);
  const auto access_realm = text(binding.access.realm);
  const auto access_proxy = text(binding.access.proxy);
  const auto access_networks = builder.CreateVectorOfStrings(binding.access.networks);
  schema::BindingBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_direction(static_cast<std::uint8_t>(binding.direction));
  record.add_mode(static_cast<std::uint8_t>(binding.mode));
  record.add_state(static_cast<std::uint8_t>(binding.state));
  record.add_is_configured_by_procedure(binding.is_configured_by_procedure);
  record.add_system(system);
  record.add_partner_impi(partner_impi);
  record.add_partner_impus(partner_impus);
  record.add_primary_impi(primary_impi);
  record.add_primary_impus(primary_impus);
  record.add_sub(sub);
  record.add_hosts(hosts);
  record.add_realm(realm);
  record.add_grant(grant);
  record.add_not_before(binding.not_before);
  record.add_not_after(binding.not_after);
  record.add_access_realm(access_realm);
  record.add_access_proxy(access_proxy);
  record.add_access_networks(access_networks);
  record.add_created_at(binding.created_at);
  record.add_changed_at(binding.changed_at);
  record.add_is_held(binding.is_held);
  record.add_is_state_others(binding.is_state_others);
  builder.Finish(record.Finish());
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<Binding> decode_binding(const storage::Value& value, std::string_view where) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Binding>::open(value, kSchema, where));
  if (record->direction() > static_cast<std::uint8_t>(Direction::Outbound))
    return Error{Code::Corrupt, "bindings.direction"};
  if (record->mode() > static_cast<std::uint8_t>(Mode::Dynamic)) return Error{Code::Corrupt, "bindings.mode"};
  if (record->state() > static_cast<std::uint8_t>(BindingState::Pending)) return Error{Code::Corrupt, "bindings.state"};
  Binding binding;
  binding.direction = static_cast<Direction>(record->direction());
  binding.mode = static_cast<Mode>(record->mode());
  binding.state = static_cast<BindingState>(record->state());
  binding.is_configured_by_procedure = record->is_configured_by_procedure();
  binding.system = text_of(record->system());
  binding.partner_impi = text_of(record->partner_impi());
  binding.partner_impus = texts_of(record->partner_impus());
  binding.primary_impi = text_of(record->primary_impi());
  binding.primary_impus = texts_of(record->primary_impus());
  binding.sub = text_of(record->sub());
  binding.hosts = texts_of(record->hosts());
  binding.realm = text_of(record->realm());
  binding.grant = text_of(record->grant());
  binding.not_before = record->not_before();
  binding.not_after = record->not_after();
  binding.access.realm = text_of(record->access_realm());
  binding.access.proxy = text_of(record->access_proxy());
  binding.access.networks = texts_of(record->access_networks());
  binding.created_at = record->created_at();
  binding.changed_at = record->changed_at();
  binding.is_held = record->is_held();
  binding.is_state_others = record->is_state_others();
  binding.version = value.version();
  return binding;
}

}  // namespace claviger::migration
