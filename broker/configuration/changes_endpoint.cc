#include "broker/configuration/changes_query.h"
#include "broker/configuration/document_access.h"
#include "broker/configuration/document_procedures.h"
#include "broker/configuration/generated_documents.h"
#include "broker/configuration/xcap_endpoint.h"
#include "broker/configuration/xcap_error.h"
#include "broker/tables.h"

namespace claviger::configuration {
namespace {

using broker::Context;
using runtime::Task;

struct Question : ChangesQuestion {
  std::string tenant;
};

// At the beginning, and again before anything is told: who was signed off meanwhile hears nothing more. Gives whose poll
// it is.
Result<std::string> check_may_hear(Context& context, const http::Request& request, const Question& question) {
  std::string asker;
  for (const Watched& each : question.documents) {
    CLAVIGER_TRY(caller, admit(context, question.tenant, request, each.application));
    CLAVIGER_TRY(allowed, check_may_read(caller, each.name));
    if (asker.empty()) asker = caller.who();
  }
  return question.tenant + ' ' + asker;
}

// Whether the client once got this version from us.
Task<Result<bool>> was_given(Context* context, std::string tenant, DocumentName name, std::string etag) {
  CLAVIGER_CO_TRY(versions, co_await read_history(context, std::move(tenant), std::move(name)));
  for (const Document& each : versions) {
    if (each.etag == etag) co_return true;
  }
  co_return false;
}

Task<Result<std::vector<DocumentDiff>>> differences(Context* context, const Question* question) {
  std::vector<DocumentDiff> diffs;
  for (std::size_t i = 0; i < question->documents.size(); ++i) {
    const Watched* each = &question->documents[i];
    const auto value =
        co_await context->store.get(broker::tables::kDocuments, document_key(question->tenant, each->name));
    if (!value && !value.failed_with(Code::NotFound)) co_return value.error();
    std::string etag;
    if (value) {
      CLAVIGER_CO_TRY(stored, read_stored_text(value->bytes()));
      etag = stored.etag;
    }
    if (etag == each->etag) continue;
    auto known = co_await was_given(context, question->tenant, each->name, each->etag);
    if (!known) co_return known.error();
    // TS 23.280 clause 10.1.4.4: only who obtained the profile is told of its update.
    if (!*known) co_return Error{Code::EntityTagDiffers, "changes.etag"};
    diffs.push_back({each->selector, each->etag, std::move(etag)});
  }
  co_return diffs;
}

Task<Result<std::vector<DocumentDiff>>> wait_for_changes(Configuration* room, Context* context,
                                                         const http::Request* request, const Question* question) {
  std::vector<std::string> keys;
  for (const Watched& each : question->documents) keys.push_back(document_key(question->tenant, each.name));
  const Monotonic deadline = context->shard.now() + Seconds(question->wait);
  for (;;) {
    CLAVIGER_CO_TRY(asker, check_may_hear(*context, *request, *question));
    // Registered before the look, so that a change in between is not missed.
    CLAVIGER_CO_TRY(watch, room->watch(keys, std::move(asker)));
    auto diffs = co_await differences(context, question);
    if (!diffs || !diffs->empty()) co_return diffs;
    const bool is_told = co_await watch->until(deadline);
    if (is_told) continue;
    CLAVIGER_CO_TRY(still_allowed, check_may_hear(*context, *request, *question));
    co_return diffs;
  }
}

Task<http::Response> changes(Configuration* room, Contexts* contexts, http::Request request, http::PathValues path) {
  Context* context = (*contexts)[runtime::Shard::current().index()].get();
  if (const auto known = admit_any(*context, path[0], request); !known)
    co_return error_response(path[0], known.error());
  auto read = read_changes_query(request.query);
  if (!read) co_return error_response(path[0], read.error());
  const Question question{*std::move(read), path[0]};
  const http::Request* asking = &request;
  const Question* asked = &question;
  auto diffs = co_await wait_for_changes(room, context, asking, asked);
  if (!diffs) co_return error_response(path[0], diffs.error());
  if (diffs->empty()) co_return http::Response(204);
  const std::string root = xcap_root(*context, path[0]);
  co_return http::Response(200, kDiffType, write_diff(root, *diffs));
}

}  // namespace

void add_changes_route(http::Router& router, Contexts& contexts, Configuration& room) {
  http::Route route{http::Method::Get, std::string(kXcapPath).append("{tenant}/changes"), 0, {}, {}};
  route.handler = [room = &room, contexts = &contexts](http::Request request, http::PathValues path) {
    return changes(room, contexts, std::move(request), std::move(path));
  };
  router.add(std::move(route));
}

}  // namespace claviger::configuration
