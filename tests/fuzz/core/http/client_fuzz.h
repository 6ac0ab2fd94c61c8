// One client connection whose server says a fuzzer's bytes.
#pragma once

#include "core/http/client_protocol.h"

namespace claviger::http {

class FuzzedClient final : public ClientProtocolHost {
 public:
  using Make = std::unique_ptr<ClientProtocol> (*)(ClientProtocolHost& host);

  // The first byte is the pieces' size and the method. Each request ends once, whatever comes.
  void run(Make make, const std::uint8_t* data, std::size_t size) {
    if (size == 0) return;
    const std::size_t step = data[0] < 2 ? size : data[0];
    method_ = data[0] % 2 == 0 ? Method::Get : Method::Head;
    std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    protocol_ = make(*this);
    std::vector<std::byte> room(kSlabBytes);
    while (!protocol_->is_finished()) {
      while (begun_ < kRequestsMax && protocol_->capacity() > 0 && protocol_->in_flight() < 3) submit();
      while (protocol_->produce(room) > 0) {
      }
      if (bytes.empty()) break;
      const std::string_view piece = bytes.substr(0, std::min(step, kSlabBytes));
      protocol_->receive(Slice::copy_of(pool_, as_bytes(piece)));
      bytes.remove_prefix(piece.size());
    }
    protocol_->closed({Code::PeerClosed, "fuzz"});
    protocol_.reset();
    CLAVIGER_ASSERT(ended_ == begun_ && pool_.in_use() == 0);
  }

  void update() override {}
  SlabPool& slabs() override { return pool_; }
  void finish(const ClientExchangePtr& exchange, Result<ClientResponse> result) override {
    if (exchange->is_finished) return;
    exchange->is_finished = true;
    ++ended_;
    if (result) CLAVIGER_ASSERT(result->body.size() <= kBodyMax);
  }
  void retry(const ClientExchangePtr& exchange, Error reason) override { finish(exchange, reason); }

 private:
  static constexpr std::size_t kBodyMax = 1000;
  static constexpr std::size_t kRequestsMax = 20;

  void submit() {
    runtime::OneShotPair<Result<ClientResponse>> pair;
    ClientRequest request(method_, "http://a/");
    request.response_bytes_max = kBodyMax;
    auto exchange = std::make_shared<ClientExchange>(std::move(request), std::move(pair.completer));
    exchange->authority = "a";
    exchange->target = "/";
    ++begun_;
    protocol_->submit(std::move(exchange));
  }

  SlabPool pool_;
  Method method_ = Method::Get;
  std::size_t begun_ = 0;
  std::size_t ended_ = 0;
  std::unique_ptr<ClientProtocol> protocol_;
};

}  // namespace claviger::http
