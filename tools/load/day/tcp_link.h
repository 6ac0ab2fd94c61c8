// One TCP connection to the broker that opens itself again: what SIP cores and Diameter peers hold.
//
// One shard, outlives its loop's callbacks. What was sent on a connection that broke is lost: told by lost(), from the loop.
#pragma once

#include <memory>
#include <string>

#include "core/net/stream.h"

namespace claviger::day {

class TcpLink : public net::StreamUser {
 public:
  TcpLink(runtime::Shard& shard, net::Address address) : shard_(shard), address_(address) {}
  TcpLink(const TcpLink&) = delete;
  TcpLink& operator=(const TcpLink&) = delete;
  virtual ~TcpLink();

  // Opens the connection when there is none. False: nobody listens.
  bool reach();
  void send(std::string_view bytes);
  void send(Bytes bytes) { send(as_text(bytes)); }

  // net::StreamUser
  void on_established() override { opened(); }
  void on_received(Slice bytes) override { received(std::move(bytes)); }
  std::size_t produce(MutableBytes room) override;
  bool wants_input() const override { return true; }
  bool is_finished() const override { return is_ending_; }
  Monotonic deadline() const override { return Monotonic::max(); }
  void on_deadline() override {}
  void on_closed(Error reason) override;

 protected:
  virtual void opened() {}
  virtual void received(Slice bytes) = 0;
  virtual void lost() = 0;
  // What comes is not what it must be: the connection ends.
  void end();
  runtime::Shard& shard() { return shard_; }

 private:
  runtime::Shard& shard_;
  net::Address address_;
  net::StreamBuffers buffers_;
  std::string output_;
  std::size_t sent_ = 0;
  bool is_ending_ = false;
  std::unique_ptr<net::Stream> stream_;
};

}  // namespace claviger::day
