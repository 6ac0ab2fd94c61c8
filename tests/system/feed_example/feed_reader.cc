#include "tests/system/feed_example/feed_reader.h"

#include <condition_variable>
#include <utility>

#include "broker/tokens/verifier/revocation_feed.h"

namespace claviger::example {
namespace {

// Short enough that the destructor need not wait long for the poll that is under way.
constexpr std::string_view kWait = "&wait=5";
constexpr std::chrono::milliseconds kRetry{200};

}  // namespace

FeedReader::FeedReader(TlsConnection connection, std::string path, std::string authorization)
    : connection_(std::move(connection)),
      path_(std::move(path)),
      authorization_(std::move(authorization)),
      thread_([this] { follow(); }) {}

FeedReader::~FeedReader() {
  is_over_ = true;
  thread_.join();
}

std::vector<tokens::Revocation> FeedReader::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

bool FeedReader::is_fresh() const { return std::chrono::steady_clock::now() - heard_.load() < kStaleAfter; }

void FeedReader::follow() {
  std::mutex nobody;
  std::condition_variable never;
  while (!is_over_) {
    if (poll()) continue;
    // The broker is away or restarts: ask again from where we were, a little later.
    std::unique_lock lock(nobody);
    never.wait_for(lock, kRetry);
  }
}

Result<Unit> FeedReader::poll() {
  const std::string target = path_ + "?since=" + std::to_string(next_) + std::string(next_ == 0 ? "&wait=0" : kWait);
  CLAVIGER_TRY(answer, connection_.get(target, authorization_));
  if (answer.status != 200) return Error{Code::BadValue, "example.feed"};
  CLAVIGER_TRY(delta, tokens::parse_revocation_feed(answer.body));
  const std::lock_guard lock(mutex_);
  for (auto& change : delta.changes) waiting_.push_back(std::move(change));
  next_ = delta.next;
  heard_ = std::chrono::steady_clock::now();
  return Unit{};
}

}  // namespace claviger::example
