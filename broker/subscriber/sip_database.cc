#include "broker/subscriber/sip_database.h"

#include <algorithm>

#include "broker/subscriber/subscriber_loading.h"
#include "broker/subscriber/vector_procedure.h"
#include "broker/tenants/disabled_tenant.h"

namespace claviger::subscriber {

using runtime::Task;

SipDatabase::SipDatabase(Contexts& contexts, std::size_t cached_max) : contexts_(contexts), clock_(*contexts.front()) {
  const std::size_t each = std::max<std::size_t>(1, cached_max / contexts.size());
  for (const auto& context : contexts) shards_.push_back(std::make_unique<SubscriberShard>(context->shard, each));
}
SipDatabase::~SipDatabase() = default;

Task<Result<Unit>> SipDatabase::start() { return clock_.start(); }
void SipDatabase::stop() { clock_.stop(); }

SubscriberShard& SipDatabase::shard() { return *shards_[runtime::Shard::current().index()]; }
broker::Context& SipDatabase::here() { return *contexts_[runtime::Shard::current().index()]; }

bool SipDatabase::serves(std::string_view tenant, const Subscriber& subscriber) {
  return subscriber.is_enabled && !tenants::is_disabled(*here().snapshot, tenant);
}

runtime::Shard& SipDatabase::home_of(std::string_view tenant, std::string_view private_identity) {
  return contexts_.front()->home_of(home_name_of(tenant, private_identity));
}

Task<Result<identity::SubscriberVector>> SipDatabase::next(std::string tenant, std::string private_identity,
                                                           SecretBytes resynchronisation) {
  VectorRequest request;
  request.tenant = std::move(tenant);
  request.private_identity = std::move(private_identity);
  request.serving_domain = "idms";
  request.resynchronisation = as_text(resynchronisation.reveal());
  auto made = co_await make_vector(this, std::move(request));
  const bool is_unknown = made.failed_with(Code::SubscriberInvalid) || made.failed_with(Code::SubscriberUnknown);
  if (is_unknown) co_return Error{Code::UserUnknown, "subscriber"};
  if (!made) co_return made.error();
  identity::SubscriberVector vector;
  vector.rand = made->vector.rand;
  vector.autn = made->vector.autn;
  vector.expected_response = SecretBytes(made->vector.expected_response());
  vector.cipher_key = std::move(made->vector.cipher_key);
  vector.integrity_key = std::move(made->vector.integrity_key);
  co_return vector;
}

}  // namespace claviger::subscriber
