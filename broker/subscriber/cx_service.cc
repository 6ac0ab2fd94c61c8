#include "broker/subscriber/cx_service.h"

#include "broker/subscriber/cx.h"
#include "broker/subscriber/cx_messages.h"
#include "broker/subscriber/vector_procedure.h"
#include "core/diameter/names.h"
#include "core/diameter/node_shard.h"

namespace claviger::subscriber {
namespace {

using diameter::Message;
using diameter::MessageBuilder;
using diameter::Request;
using runtime::Task;

// Ends the request with what `write` makes of it.
template <typename Made, typename Write>
void finish(Request& request, const Made& made, Write write) {
  MessageBuilder builder = request.answer_builder();
  write(request.message(), made, builder);
  auto message = builder.finish();
  if (!message) return request.refuse(diameter::result_code::kUnableToComply);
  request.answer(*std::move(message));
}

}  // namespace

CxService::CxService(diameter::Node& node, SipDatabase& database, std::string tenant)
    : node_(node), database_(database), tenant_(std::move(tenant)), notices_(node, database) {}
CxService::~CxService() = default;

void CxService::start() { notices_.start(); }
Task<void> CxService::close() { return notices_.close(); }

void CxService::serve() {
  cx::add_to(node_.dictionary());
  for (const std::uint32_t command : {cx::command::kUserAuthorization, cx::command::kServerAssignment,
                                      cx::command::kLocationInfo, cx::command::kMultimediaAuth}) {
    node_.serve(cx::kApplication, command, *this);
  }
  database_.use_notices(&notices_);
}

void CxService::handle(Request& request) {
  // Who is not of our realm, nor of one below it, speaks for none of them: else a partner system's node would get what our
  // own S-CSCFs get, home's part of the sequence numbers above all (read_multimedia_auth()).
  const bool claims_home = diameter::is_within(request.message().origin_realm(), node_.options().realm);
  if (claims_home && !diameter::is_within(request.source().realm, node_.options().realm)) {
    return finish(request, Result<VectorAnswer>(Error{Code::RouteRefused, "cx.origin"}), write_multimedia_auth);
  }
  if (requires_features(request.message())) {
    MessageBuilder builder = request.answer_builder();
    write_feature_unsupported(request.message(), builder);
    auto message = builder.finish();
    return message ? request.answer(*std::move(message)) : request.refuse(diameter::result_code::kUnableToComply);
  }
  if (request.message().header().command == cx::command::kMultimediaAuth) {
    auto wanted = read_multimedia_auth(request.message(), {tenant_, node_.options().realm});
    if (!wanted) return finish(request, Result<VectorAnswer>(wanted.error()), write_multimedia_auth);
    auto private_identity = canonical_private_identity(wanted->private_identity);
    auto public_identity = canonical_public_identity(wanted->public_identity);
    if (private_identity && public_identity) {
      wanted->private_identity = *std::move(private_identity);
      wanted->public_identity = *std::move(public_identity);
      const auto quick = make_vector_now(database_, *wanted);
      if (quick) return finish(request, *quick, write_multimedia_auth);
    }
  }
  diameter::NodeShard& shard = request.shard();
  if (shard.procedures().size() >= diameter::kProceduresMax) return request.refuse(diameter::result_code::kTooBusy);
  // copy: it may wait for a commit, and the received slab is not its alone.
  request.keep(shard.packer().keep(request.message().bytes()));
  shard.procedures().spawn(answer(this, std::move(request)));
}

Task<void> CxService::answer(CxService* service, Request request) {
  switch (request.message().header().command) {
    case cx::command::kMultimediaAuth:
      return service->answer_multimedia_auth(std::move(request));
    case cx::command::kUserAuthorization:
      return service->answer_user_authorization(std::move(request));
    case cx::command::kServerAssignment:
      return service->answer_server_assignment(std::move(request));
    default:
      return service->answer_location_info(std::move(request));
  }
}

Task<void> CxService::answer_multimedia_auth(Request request) {
  auto wanted = read_multimedia_auth(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<VectorAnswer>(wanted.error()), write_multimedia_auth);
    co_return;
  }
  const auto made = co_await make_vector(&database_, *std::move(wanted));
  finish(request, made, write_multimedia_auth);
}

Task<void> CxService::answer_user_authorization(Request request) {
  auto wanted = read_user_authorization(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<AuthorizationAnswer>(wanted.error()), write_user_authorization);
    co_return;
  }
  const auto made = co_await authorize_user(&database_, *std::move(wanted));
  finish(request, made, write_user_authorization);
}

Task<void> CxService::answer_server_assignment(Request request) {
  auto wanted = read_server_assignment(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<AssignmentAnswer>(wanted.error()), write_server_assignment);
    co_return;
  }
  const auto made = co_await assign_server(&database_, *std::move(wanted));
  finish(request, made, write_server_assignment);
}

Task<void> CxService::answer_location_info(Request request) {
  auto wanted = read_location_info(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<LocationAnswer>(wanted.error()), write_location_info);
    co_return;
  }
  const auto made = co_await locate_user(&database_, *std::move(wanted));
  finish(request, made, write_location_info);
}

}  // namespace claviger::subscriber
