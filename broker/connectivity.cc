#include "broker/connectivity.h"

#include "broker/identity/user_procedures.h"
#include "broker/migration/migrant.h"
#include "broker/migration/visitor_service.h"

namespace claviger::broker {
namespace {

using runtime::Task;

// In the words of XCAP: what he cannot have he is told as of any other document.
Error told_as(Context& context, std::string_view tenant, std::string_view system, Error error) {
  context.shard.logger().info(
      "connectivity.refused",
      {{"tenant", tenant}, {"system", system}, {"code", name_of(error.code)}, {"where", error.where}});
  switch (error.code) {
    case Code::AgreementUnknown:
    case Code::UserUnknown:
    case Code::BindingUnknown:
      return {Code::DocumentUnknown, error.where};
    case Code::AgreementEnded:
    case Code::MigrationNotAllowed:
      return {Code::NotPermitted, error.where};
    case Code::IdentitiesExhausted:
    case Code::SystemUnknown:
    case Code::Unreachable:
    case Code::Refused:
      return {Code::Overload, error.where};
    default:
      return error;
  }
}

Task<Result<configuration::Connectivity>> ask(migration::Migration* migration, Context* context, std::string tenant,
                                              std::string mcptt_id, std::string system) {
  if (!migration::is_system_id(system)) co_return Error{Code::DocumentUnknown, "connectivity.system"};
  auto user = co_await identity::find_user_by_mc_identity(context, tenant, "mcptt", std::move(mcptt_id));
  if (!user) co_return told_as(*context, tenant, system, user.error());
  auto binding = co_await migration::configure_migration(migration, context, tenant, system, user->sub);
  if (!binding) co_return told_as(*context, tenant, system, binding.error());
  configuration::Connectivity made;
  made.private_identity = binding->partner_impi;
  made.public_identities = binding->partner_impus;
  made.realm = binding->access.realm;
  made.proxy = binding->access.proxy;
  made.networks = binding->access.networks;
  made.not_before = binding->not_before;
  made.not_after = binding->not_after;
  co_return made;
}

}  // namespace

configuration::ConnectivitySource connectivity_from(migration::Migration& migration) {
  return [migration = &migration](Context* context, std::string tenant, std::string mcptt_id, std::string system) {
    return ask(migration, context, std::move(tenant), std::move(mcptt_id), std::move(system));
  };
}

registration::Registrar::AdmissionCheck admission_from(migration::Migration& migration) {
  return [migration = &migration](Context* here, std::string tenant, std::string sid, std::string service,
                                  std::string mc_service_id) {
    migration::ServiceRequest request;
    request.service = std::move(service);
    request.mc_service_id = std::move(mc_service_id);
    return migration::authorise_visitor(migration, here, std::move(tenant), std::move(sid), std::move(request));
  };
}

}  // namespace claviger::broker
