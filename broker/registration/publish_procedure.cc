// TS 24.379 clauses 7.3.3 to 7.3.5, RFC 3903 clause 6: what a PUBLISH changes.
#include <algorithm>

#include "broker/record_key.h"
#include "broker/registration/change.h"
#include "broker/registration/client_server_keys.h"
#include "broker/registration/client_turn.h"
#include "broker/registration/procedures.h"
#include "broker/registration/rows.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "storage/page.h"

namespace claviger::registration {

namespace tables = broker::tables;
using runtime::Task;

namespace {

Task<Result<Publication>> read_publication(Registrar* registrar, std::string etag) {
  auto value = co_await registrar->here().store.get(tables::kPublications, publication_key(registrar->tenant(), etag));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::EntityTagUnknown, "publish.etag"};
  if (!value) co_return value.error();
  co_return decode_publication(*value, etag);
}

// The identity's publication that the entity tag names.
Task<Result<Publication>> own_publication(Registrar* registrar, std::string impu, std::string etag) {
  CLAVIGER_CO_TRY(publication, co_await read_publication(registrar, std::move(etag)));
  if (publication.impu != impu) co_return Error{Code::EntityTagUnknown, "publish.owner"};
  co_return publication;
}

// Which binding a removal means: the entity tag's; without one the only one there is (clause 7.3.5). With several users on
// one gateway nobody is guessed.
Task<Result<BindingName>> name_to_remove(Registrar* registrar, Registration registration,
                                         std::optional<std::string> if_match) {
  if (if_match) {
    CLAVIGER_CO_TRY(publication, co_await own_publication(registrar, registration.impu, *if_match));
    co_return publication.name;
  }
  if (registration.bindings.empty()) co_return Error{Code::RegistrationUnknown, "publish.binding"};
  if (registration.bindings.size() > 1) co_return Error{Code::SipHeaderMissing, "SIP-If-Match"};
  co_return registration.bindings.front();
}

Task<Result<PublishOutcome>> remove(Registrar* registrar, std::shared_ptr<const PublishRequest> request,
                                    Registration registration) {
  CLAVIGER_CO_TRY(name, co_await name_to_remove(registrar, registration, request->if_match));
  Change change(registrar);
  CLAVIGER_CO_TRY(unbound, co_await unbind(&change, &registration, name, EndReason::LoggedOff, Ending::NoResource));
  put(change.transaction, registrar->tenant(), registration);
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  PublishOutcome outcome;
  outcome.service = name.service;
  co_return outcome;
}

// Settings only: the client that is bound to this identity already (clause 7.3.4).
Result<BindingName> bound_name(const Registration& registration, const PublishRequest& request) {
  std::vector<BindingName> found;
  for (const BindingName& name : registration.bindings) {
    if (name.mc_service_id == request.mc_service_id && name.service == request.service) found.push_back(name);
  }
  for (const BindingName& name : found) {
    if (name.client_id == request.client_id) return name;
  }
  if (found.size() == 1 && request.client_id.empty()) return found.front();
  return Error{Code::RegistrationUnknown, "publish.binding"};
}

// Which client is meant: the token's, the one that the info part names, or the publication's. An info part beside an entity
// tag names nobody else.
Result<BindingName> name_meant(const Registration& registration, const PublishRequest& request,
                               const Publication& former) {
  const Error another{Code::BindingDiffers, "publish.etag"};
  if (request.authorisation) {
    const Authorisation& one = *request.authorisation;
    BindingName name{one.facts.mc_service_id, one.service, one.client_id};
    if (request.if_match && former.name != name) return another;
    return name;
  }
  if (!request.if_match) return bound_name(registration, request);
  const auto differs = [](const std::string& said, const std::string& is) { return !said.empty() && said != is; };
  if (differs(request.service, former.name.service) || differs(request.mc_service_id, former.name.mc_service_id) ||
      differs(request.client_id, former.name.client_id)) {
    return another;
  }
  return former.name;
}

// As much protection as the service of the publication wants, under a key of the user whose it is.
Result<Unit> check_protection(const Registrar& registrar, const PublishRequest& request, const BindingName& name) {
  if (const Service* const service = registrar.services().find(name.service)) {
    CLAVIGER_TRY(enough, check_policy(*service, request.protection));
  }
  CLAVIGER_TRY(owned, check_owner(request.protection, name.mc_service_id));
  if (request.uploaded != nullptr && request.uploaded->mc_service_id != name.mc_service_id) {
    return Error{Code::ServiceNotAuthorised, "publish.key_of_another"};
  }
  return Unit{};
}

// The client's own key, or one that no other client of the user has: without a token nothing else says which of them it is.
Task<Result<Unit>> check_client(Registrar* registrar, std::shared_ptr<const PublishRequest> request, Binding binding) {
  if (request->csk_id == 0 || request->csk_id == binding.csk_id) co_return Unit{};
  CLAVIGER_CO_TRY(bindings, co_await bindings_of(registrar, binding.name.mc_service_id));
  const bool is_anothers = std::ranges::any_of(bindings, [&](const Binding& other) {
    return other.ended == EndReason::None && other.impu == binding.impu && other.csk_id == request->csk_id &&
           other.name.client_id != binding.name.client_id;
  });
  if (is_anothers) co_return Error{Code::ServiceNotAuthorised, "publish.key_of_another"};
  co_return Unit{};
}

Task<Result<Bound>> living_binding(Registrar* registrar, std::string impu, BindingName name) {
  CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, std::move(name)));
  if (binding.version == 0 || binding.ended != EndReason::None || binding.impu != impu) {
    co_return Error{Code::RegistrationUnknown, "publish.binding"};
  }
  Bound bound{binding, binding};
  co_return bound;
}

// A request without a token may bring the client's next key, or be under one that came with its REGISTER.
Task<Result<Unit>> take_key(Change* change, const Registration* registration,
                            std::shared_ptr<const PublishRequest> request, Bound* bound) {
  if (request->uploaded != nullptr) {
    CLAVIGER_CO_TRY(kept, co_await put_client_server_key(change, registration->impu, request->uploaded));
  }
  if (request->csk_id == 0 || request->csk_id == bound->binding.csk_id) co_return Unit{};
  bound->binding.csk_id = request->csk_id;
  take_client_server_key(*change, bound->binding);
  leave_client_server_key(*change, *registration, bound->former);
  co_return Unit{};
}

// Of a user with many clients the first that is asked mostly says so, of one with a single client it is the only one.
Task<Result<bool>> has_several_devices(Registrar* registrar, BindingName name) {
  constexpr std::size_t kAtOnce = 4;
  std::string from = bindings_prefix(registrar->tenant(), name.mc_service_id, name.service);
  const std::string end = broker::record_prefix_end(from);
  for (std::size_t asked = 0; asked < kClientsPerUserMax * 2; asked += kAtOnce) {
    CLAVIGER_CO_TRY(records, co_await registrar->here().store.range(tables::kServiceStates, from, end, kAtOnce));
    for (const storage::Record& record : records) {
      CLAVIGER_CO_TRY(other, decode_binding(record.value));
      if (other.ended == EndReason::None && other.name.client_id != name.client_id) co_return true;
    }
    if (!storage::is_full_page(records, kAtOnce)) break;
    from = records.back().key + '\0';
  }
  co_return false;
}

// Under an entity tag whose successor the client may not know. The same request again, over another connection, has the same
// answer; one that would change something is not what made that successor (RFC 3903 clause 6, step 4).
Task<Result<PublishOutcome>> answer_again(Registrar* registrar, std::shared_ptr<const PublishRequest> request,
                                          Publication former) {
  CLAVIGER_CO_TRY(successor, co_await own_publication(registrar, request->impu, former.superseded_by));
  CLAVIGER_CO_TRY(binding, co_await read_binding(registrar, successor.name));
  const auto& fresh = request->authorisation;
  const std::uint32_t csk_id = fresh ? fresh->csk_id : request->csk_id;
  const bool is_same = (!request->settings || *request->settings == successor.settings) &&
                       (!fresh || fresh->facts.digest == binding.token_digest) &&
                       (csk_id == 0 || csk_id == binding.csk_id);
  if (!is_same) co_return Error{Code::EntityTagUnknown, "publish.superseded"};
  CLAVIGER_CO_TRY(several, co_await has_several_devices(registrar, successor.name));
  PublishOutcome outcome{successor.etag, successor.expires_at - registrar->now(), successor.name.service, several};
  co_return outcome;
}

Task<Result<PublishOutcome>> publish_once(Registrar* registrar, std::shared_ptr<const PublishRequest> request) {
  // 1. The registration: without one nobody is reached at this identity.
  CLAVIGER_CO_TRY(registration, co_await read_registration(registrar, request->impu));
  Change change(registrar);
  if (!registration.is_active_at(change.now)) co_return Error{Code::RegistrationUnknown, "publish.registration"};
  if (request->expires == 0) {
    auto removed = co_await remove(registrar, request, std::move(registration));
    co_return removed;
  }
  // 2. The publication that is meant (RFC 3903 clause 6, step 4).
  Publication former;
  if (request->if_match) {
    std::string etag = *request->if_match;
    CLAVIGER_CO_TRY(found, co_await own_publication(registrar, request->impu, std::move(etag)));
    former = std::move(found);
  } else if (!request->settings) {
    co_return Error{Code::ContentUnsupported, "publish.settings"};
  }
  // 3. The client: authorised by this request, or before.
  CLAVIGER_CO_TRY(name, name_meant(registration, *request, former));
  CLAVIGER_CO_TRY(is_protected, check_protection(*registrar, *request, name));
  if (!former.superseded_by.empty()) {
    auto known = co_await answer_again(registrar, request, std::move(former));
    co_return known;
  }
  Bound bound;
  if (request->authorisation) {
    Authorisation authorisation = *request->authorisation;
    CLAVIGER_CO_TRY(fresh, co_await bind(&change, &registration, std::move(authorisation), std::string()));
    bound = std::move(fresh);
  } else {
    CLAVIGER_CO_TRY(living, co_await living_binding(registrar, request->impu, std::move(name)));
    bound = std::move(living);
    CLAVIGER_CO_TRY(own, co_await check_client(registrar, request, bound.binding));
    CLAVIGER_CO_TRY(kept, co_await take_key(&change, &registration, request, &bound));
  }
  // 4. The new publication under a new entity tag; the one before dies with this commit.
  CLAVIGER_CO_TRY(etag, registrar->here().tokens->random_id());
  Publication publication;
  publication.etag.assign(etag.begin(), etag.end());
  publication.name = bound.binding.name;
  publication.impu = request->impu;
  publication.settings = request->settings ? *request->settings : former.settings;
  const auto granted = std::min<std::int64_t>(request->expires, registrar->sip().publication_max.count());
  publication.expires_at = change.now + granted;
  const std::string replaced = bound.former.version != 0 ? bound.former.etag : std::string();
  if (request->if_match) {
    former.superseded_by = publication.etag;
    former.expires_at = change.now + kSupersededKept;
    put(change.transaction, registrar->tenant(), former);
  }
  if (!replaced.empty() && (!request->if_match || replaced != former.etag)) {
    change.transaction.erase(tables::kPublications, publication_key(registrar->tenant(), replaced));
  }
  bound.binding.etag = publication.etag;
  put(change.transaction, registrar->tenant(), publication);
  keep_publication_timer(change.transaction, bound.binding, publication.expires_at, change.now);
  put(change.transaction, registrar->tenant(), bound.binding, &bound.former);
  if (request->authorisation)
    put(change.transaction, registrar->tenant(), registration);
  else
    change.transaction.expect_version(tables::kRegistrations, registration_key(registrar->tenant(), registration.impu),
                                      registration.version);
  // A mere refresh changes nothing that anybody could see.
  if (request->settings || request->authorisation) change.tell(publication.name.mc_service_id);
  CLAVIGER_CO_TRY(several, co_await has_several_devices(registrar, publication.name));
  CLAVIGER_CO_TRY(committed, co_await change.commit());
  registrar->figures_of(publication.name.service).published.add();
  PublishOutcome outcome{publication.etag, granted, publication.name.service, several};
  co_return outcome;
}

}  // namespace

Task<Result<std::vector<Binding>>> bindings_of(Registrar* registrar, std::string mc_service_id) {
  const std::string prefix = bindings_prefix(registrar->tenant(), mc_service_id);
  const std::string end = broker::record_prefix_end(prefix);
  CLAVIGER_CO_TRY(records,
                  co_await registrar->here().store.range(tables::kServiceStates, prefix, end, kClientsPerUserMax * 2));
  std::vector<Binding> bindings;
  for (const storage::Record& record : records) {
    CLAVIGER_CO_TRY(binding, decode_binding(record.value));
    bindings.push_back(std::move(binding));
  }
  co_return bindings;
}

namespace {

Task<Result<PublishOutcome>> publish_in_turn(Registrar* registrar, std::shared_ptr<const PublishRequest> request,
                                             int tries) {
  auto turn = co_await registrar->turns().take(request->impu);
  if (!turn) co_return turn.error();
  for (int i = 1;; ++i) {
    auto done = co_await publish_once(registrar, request);
    if (!done.failed_with(Code::Conflict) || i == tries) co_return done;
  }
}

// What another identity changed is mostly where the client is: from there on one after the other.
Task<Result<PublishOutcome>> publish_among_others(Registrar* registrar, std::shared_ptr<const PublishRequest> request) {
  const bool is_authorising = request->authorisation.has_value();
  auto done = co_await publish_in_turn(registrar, request, is_authorising ? 1 : kConflictTries);
  if (!is_authorising || !done.failed_with(Code::Conflict)) co_return done;
  auto again = [registrar, request] { return publish_in_turn(registrar, request, kConflictTriesAlone); };
  auto alone = co_await alone_with_client(registrar, request->authorisation->client_id, request->impu, again);
  co_return alone;
}

// Nobody else is asked about a client whose identity is not registered, nor about what is answered already.
Task<Result<Unit>> check_published(Registrar* registrar, std::shared_ptr<const PublishRequest> request) {
  CLAVIGER_CO_TRY(registration, co_await read_registration(registrar, request->impu));
  if (!registration.is_active_at(registrar->now())) co_return Error{Code::RegistrationUnknown, "publish.registration"};
  if (request->if_match) {
    std::string etag = *request->if_match;
    CLAVIGER_CO_TRY(former, co_await own_publication(registrar, request->impu, std::move(etag)));
    if (!former.superseded_by.empty()) co_return Unit{};
  }
  Authorisation authorisation = *request->authorisation;
  co_return co_await check_admission(registrar, std::move(authorisation));
}

}  // namespace

Task<Result<Unit>> check_admission(Registrar* registrar, Authorisation authorisation) {
  if (!registrar->admission()) co_return Unit{};
  TokenFacts& facts = authorisation.facts;
  co_return co_await registrar->admission()(&registrar->here(), registrar->tenant(), std::move(facts.sid),
                                            std::move(authorisation.service), std::move(facts.mc_service_id));
}

Task<Result<PublishOutcome>> publish(Registrar* registrar, std::shared_ptr<const PublishRequest> request) {
  // Who takes himself away needs nobody's word.
  if (request->authorisation && request->expires != 0 && registrar->admission()) {
    CLAVIGER_CO_TRY(admitted, co_await check_published(registrar, request));
  }
  auto done = co_await publish_among_others(registrar, request);
  if (!done || !request->authorisation) co_return done;
  Authorisation authorisation = *request->authorisation;
  auto looked = co_await look_again(registrar, request->impu, std::move(authorisation));
  if (!looked) co_return looked.error();
  co_return done;
}

}  // namespace claviger::registration
