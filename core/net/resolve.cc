#include "core/net/resolve.h"

#include <netdb.h>
#include <uv.h>

#include "core/runtime/one_shot.h"
#include "core/runtime/shard.h"

namespace claviger::net {
namespace {

using Addresses = std::vector<Address>;

// Outlives the asking frame: libuv's thread holds it until the callback.
struct Question {
  explicit Question(runtime::Completer<Addresses> its_completer) : completer(std::move(its_completer)) {}
  uv_getaddrinfo_t request{};
  runtime::Completer<Addresses> completer;
};

void answered(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  const std::unique_ptr<Question> question(static_cast<Question*>(request->data));
  Addresses addresses;
  for (addrinfo* each = status == 0 ? found : nullptr; each != nullptr && addresses.size() < kAddressesMax;
       each = each->ai_next) {
    addresses.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  uv_freeaddrinfo(found);
  question->completer.complete(std::move(addresses));
}

bool ask(const std::string& host, const std::string& port, runtime::Completer<Addresses> completer) {
  auto question = std::make_unique<Question>(std::move(completer));
  question->request.data = question.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const int asked = uv_getaddrinfo(runtime::Shard::current().loop(), &question->request, &answered, host.c_str(),
                                   port.c_str(), &hints);
  if (asked != 0) return false;
  static_cast<void>(question.release());  // the callback's from here on
  return true;
}

}  // namespace

runtime::Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, Monotonic deadline) {
  const auto literal = Address::ip(host, port);
  if (literal) co_return Addresses(1, *literal);
  runtime::OneShotPair<Addresses> pair;
  if (!ask(host, std::to_string(port), std::move(pair.completer))) co_return Error{Code::Unreachable, "resolve"};
  auto addresses = co_await pair.waiter.until(deadline);
  if (!addresses) co_return Error{Code::DeadlinePassed, "resolve"};
  if (addresses->empty()) co_return Error{Code::Unreachable, "resolve"};
  co_return *std::move(addresses);
}

}  // namespace claviger::net
