// What a client sends and gets is in no memory that was given back, nor in the room it was written to.
//
// An executable of its own: it replaces operator delete and looks into every block.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "core/http/client_protocol.h"

namespace {

// In no block of the heap: 'S' without end is what is looked for.
constexpr std::size_t kMarkBytes = 64;
bool is_looking = false;
int found_in_freed = 0;

bool has_mark(const void* memory, std::size_t size) {
  std::array<char, kMarkBytes> mark{};
  mark.fill('S');
  return memmem(memory, size, mark.data(), mark.size()) != nullptr;
}

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) std::abort();
  return block;
}
void operator delete(void* block) noexcept {
  if (block != nullptr && is_looking && has_mark(block, malloc_usable_size(block))) ++found_in_freed;
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

namespace claviger::http {
namespace {

class ClientSecrets : public ::testing::Test, public ClientProtocolHost {
 protected:
  using Make = std::unique_ptr<ClientProtocol> (*)(ClientProtocolHost& host);
  ~ClientSecrets() { is_looking = false; }

  // ClientProtocolHost
  void update() override {}
  SlabPool& slabs() override { return pool_; }
  void finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) override {
    exchange->is_finished = true;
    if (result) body_size_ = result->body.size();
  }
  void retry(const ClientExchangePtr& exchange, Error reason) override { finish(exchange, reason); }

  void begin(Make make) {
    runtime::OneShotPair<Result<ClientResponse>> pair;
    ClientRequest request(Method::Post, "http://a/");
    std::string field;
    field.reserve(7 + kSecretBytes);
    field.append("Bearer ").append(kSecretBytes, 'S');
    request.headers.reserve(1);
    request.with("authorization", std::move(field));
    request.body.assign(kSecretBytes, 'S');
    auto exchange = std::make_shared<ClientExchange>(std::move(request), std::move(pair.completer));
    exchange->authority = "a";
    exchange->target = "/";
    found_in_freed = 0;
    is_looking = true;
    protocol_ = make(*this);
    protocol_->submit(std::move(exchange));
  }
  void send() {
    while (const std::size_t count = protocol_->produce(room_)) {
      sent_ += has_mark(room_.data(), count) ? 1 : 0;
      room_.fill(std::byte{0});
    }
  }
  void receive(std::string_view text) { protocol_->receive(Slice::copy_of(pool_, as_bytes(text))); }
  int found_at_end() {
    protocol_.reset();
    is_looking = false;
    return found_in_freed;
  }

  static constexpr std::size_t kSecretBytes = 300;
  SlabPool pool_;
  std::unique_ptr<ClientProtocol> protocol_;
  std::array<std::byte, 4096> room_{};
  int sent_ = 0;
  std::size_t body_size_ = 0;
};

TEST_F(ClientSecrets, AreWipedWhenTheAnswerIsThere) {
  begin(&make_client_http1);
  send();
  EXPECT_GT(sent_, 0);
  // In pieces, so that it grows.
  std::array<char, 100> piece{};
  piece.fill('S');
  receive("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
  for (int i = 0; i < 10; ++i) receive({piece.data(), piece.size()});
  EXPECT_EQ(body_size_, 1000U);
  EXPECT_EQ(found_at_end(), 0);
}

TEST_F(ClientSecrets, AreWipedWhenTheConnectionGoesBeforeItWasSent) {
  begin(&make_client_http1);
  (void)protocol_->produce(std::span(room_).first(100));
  protocol_->closed({Code::PeerClosed, "test"});
  EXPECT_EQ(found_at_end(), 0);
}

TEST_F(ClientSecrets, AreWipedOverHttp2) {
  begin(&make_client_http2);
  send();
  EXPECT_GT(sent_, 0);
  protocol_->closed({Code::PeerClosed, "test"});
  EXPECT_EQ(found_at_end(), 0);
}

// An answer that had begun when its connection went, and the request is sent once more.
TEST_F(ClientSecrets, AreWipedWhenAnotherTakesTheirPlace) {
  const std::string secret(kSecretBytes, 'S');
  ClientRequest request(Method::Post, "http://a/");
  ClientResponse response;
  request.body = response.body = secret;
  request.with("authorization", secret);
  response.headers.push_back({"set-cookie", secret});
  found_in_freed = 0;
  is_looking = true;
  request = ClientRequest(Method::Get, "http://b/");
  response = ClientResponse();
  is_looking = false;
  EXPECT_EQ(found_in_freed, 0);
  EXPECT_EQ(request.url, "http://b/");
  EXPECT_TRUE(request.headers.empty() && response.headers.empty() && response.body.empty());
}

// That the test can fail.
TEST_F(ClientSecrets, WouldBeFoundWhereTheyAreNotWiped) {
  found_in_freed = 0;
  is_looking = true;
  { const std::string left(kSecretBytes, 'S'); }
  is_looking = false;
  EXPECT_EQ(found_in_freed, 1);
}

}  // namespace
}  // namespace claviger::http
