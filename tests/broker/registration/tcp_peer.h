// A SIP peer over TCP that answers when a test says so, and not before: what is under way stays under way as long as the
// test wants, by no clock.
//
// Driven by the test's own thread, between turns of the bed's loop.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace claviger::registration {

class TcpPeer {
 public:
  TcpPeer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  TcpPeer(const TcpPeer&) = delete;
  TcpPeer& operator=(const TcpPeer&) = delete;
  ~TcpPeer() {
    if (stream_ >= 0) ::close(stream_);
    ::close(listener_);
  }

  std::string uri() const { return "sip:127.0.0.1:" + std::to_string(port_) + ";transport=tcp"; }

  // The next request, whole; empty: none has come.
  std::string receive() {
    if (stream_ < 0) stream_ = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    char piece[4096];
    for (ssize_t size = 0; stream_ >= 0 && (size = ::recv(stream_, piece, sizeof piece, 0)) > 0;) {
      buffered_.append(piece, static_cast<std::size_t>(size));
    }
    const std::size_t head = buffered_.find("\r\n\r\n");
    if (head == std::string::npos) return {};
    const std::size_t whole = head + 4 + std::stoul(header(buffered_, "Content-Length"));
    if (buffered_.size() < whole) return {};
    std::string request = buffered_.substr(0, whole);
    buffered_.erase(0, whole);
    return request;
  }
  // Until one has come.
  template <typename Bed>
  std::string wait(Bed& bed) {
    std::string request;
    bed.run_until([&] { return !(request = receive()).empty(); });
    return request;
  }
  void answer(const std::string& request, int status) {
    std::string text = "SIP/2.0 " + std::to_string(status) + " X\r\n";
    for (const std::string_view name : {"Via", "From", "To", "Call-ID", "CSeq"}) {
      text.append(name).append(": ").append(header(request, name)).append("\r\n");
    }
    text += "Content-Length: 0\r\n\r\n";
    EXPECT_EQ(::send(stream_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  // Of the first one of that name; empty: none.
  static std::string header(const std::string& message, std::string_view name) {
    const std::string mark = "\r\n" + std::string(name) + ": ";
    const std::size_t at = message.find(mark);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + mark.size();
    return message.substr(begin, message.find("\r\n", begin) - begin);
  }

 private:
  int listener_;
  int stream_ = -1;
  std::uint16_t port_ = 0;
  std::string buffered_;
};

}  // namespace claviger::registration
