// Full TLS 1.3 handshakes over real sockets, to compare what a server spends on each with what OpenSSL alone does.
//   bench_tls_handshake serve CERTIFICATE KEY    the bare OpenSSL server: accept, handshake, one exchange, close; prints
//                                                its port; blocking, one connection after another
//   bench_tls_handshake load HOST PORT PATH SECONDS   the generator: connect, full handshake, one GET, close; prints how
//                                                many; any server of HTTP/1.1 will do
// bench/run does the pinning, the interleaving and the counting of CPU time.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace claviger::bench {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL, FreeSession>;

// A small answer, as an error page of ours is.
constexpr std::string_view kAnswer =
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: 20\r\nConnection: "
    "close\r\n\r\n"
    "{\"title\":\"nothing\"}\n";

int no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void serve_one(SSL_CTX* context, int socket) {
  const Session session(SSL_new(context));
  SSL_set_fd(session.get(), no_delay(socket));
  std::array<char, 4096> request;
  if (SSL_accept(session.get()) == 1 && SSL_read(session.get(), request.data(), static_cast<int>(request.size())) > 0) {
    SSL_write(session.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
    SSL_shutdown(session.get());
  }
  ERR_clear_error();
  ::close(socket);
}

int serve(const char* certificate, const char* key) {
  const Context context(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key, SSL_FILETYPE_PEM) != 1) {
    return std::fprintf(stderr, "bad certificate or key\n"), 2;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return std::fprintf(stderr, "cannot listen\n"), 2;
  }
  std::printf("%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);
  for (;;) {  // until killed
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) serve_one(context.get(), socket);
  }
}

bool exchange(SSL_CTX* context, const sockaddr_in& address, const std::string& request) {
  const int socket = no_delay(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bool is_good = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (is_good) {
    const Session session(SSL_new(context));
    SSL_set_fd(session.get(), socket);
    std::array<char, 16 * 1024> answer;
    is_good = SSL_connect(session.get()) == 1 &&
              SSL_write(session.get(), request.data(), static_cast<int>(request.size())) > 0 &&
              SSL_read(session.get(), answer.data(), static_cast<int>(answer.size())) > 0 &&
              SSL_session_reused(session.get()) == 0;
    SSL_shutdown(session.get());
  }
  ::close(socket);
  return is_good;
}

int load(const char* host, const char* port, const std::string& path, double seconds) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (::inet_pton(AF_INET, host, &address.sin_addr) != 1)
    return std::fprintf(stderr, "HOST must be an IPv4 address\n"), 2;
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + host + ":" + port + "\r\nConnection: close\r\n\r\n";
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  unsigned done = 0;
  for (; std::chrono::steady_clock::now() < end; ++done) {
    if (!exchange(context.get(), address, request)) return std::fprintf(stderr, "handshake %u failed\n", done), 1;
  }
  std::printf("%u\n", done);
  return 0;
}

}  // namespace
}  // namespace claviger::bench

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "serve") return claviger::bench::serve(argv[2], argv[3]);
  if (argc == 6 && std::string_view(argv[1]) == "load")
    return claviger::bench::load(argv[2], argv[3], argv[4], std::atof(argv[5]));
  return std::fprintf(stderr, "usage: see the head of bench/core/net/tls_handshake.cc\n"), 2;
}
