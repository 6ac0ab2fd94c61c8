#include "core/net/listen_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

namespace claviger::net {
namespace {

Error error_of(int number, std::string_view where) {
  switch (number) {
    case EADDRINUSE:
      return {Code::AddressInUse, where};
    case EADDRNOTAVAIL:
    case EINVAL:
    case ENOENT:
    case ENOTDIR:
      return {Code::AddressInvalid, where};
    case EACCES:
    case EPERM:
      return {Code::NotPermitted, where};
    default:
      return {Code::Io, where};
  }
}

Result<Descriptor> lock_beside(const std::string& path) {
  const std::string lock_path = path + ".lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open()) return error_of(errno, "listen.unix_lock");
  if (flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return Error{Code::AddressInUse, "listen.unix_lock"};
  return lock;
}

// The lock is ours, so nobody who keeps our rules serves this file: it was left behind. Whoever answers on it all the
// same keeps it, and what is not a socket is not ours to remove.
Result<Unit> remove_stale(const Address& address) {
  const std::string path = address.path();
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return Unit{};
    return error_of(errno, "listen.unix_stat");
  }
  if (!S_ISSOCK(status.st_mode)) return Error{Code::AddressInUse, "listen.unix_not_a_socket"};
  Descriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.is_open()) return error_of(errno, "listen.unix_probe");
  if (connect(probe.number(), address.data(), address.size()) == 0 || errno != ECONNREFUSED) {
    return Error{Code::AddressInUse, "listen.unix_probe"};
  }
  if (unlink(path.c_str()) != 0) return error_of(errno, "listen.unix_unlink");
  return Unit{};
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const Address& address, mode_t unix_mode) {
  ListenSocket made;
  if (address.is_unix()) {
    CLAVIGER_TRY(lock, lock_beside(address.path()));
    CLAVIGER_TRY(removed, remove_stale(address));
    made.lock_ = std::move(lock);
  }
  Descriptor socket_made(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_made.is_open()) return error_of(errno, "listen.socket");
  const int number = socket_made.number();
  const int yes = 1;
  if (address.is_unix()) {
    // bind() gives the file the socket's own mode less the umask: no moment in which others could connect who may not.
    if (fchmod(number, unix_mode) != 0) return error_of(errno, "listen.unix_mode");
  } else {
    // Only lets us bind while connections of a former process linger in TIME_WAIT; a listening one still refuses us.
    setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // Accepted sockets inherit it: what we write is whole answers, waiting for more helps nobody.
    setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (address.family() == AF_INET6) setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  if (bind(number, address.data(), address.size()) != 0) return error_of(errno, "listen.bind");
  made.address_ = address;
  made.socket_ = std::move(socket_made);  // from here on the destructor removes the file
  // What the umask took away is given back.
  if (address.is_unix() && chmod(address.path().c_str(), unix_mode) != 0) return error_of(errno, "listen.unix_mode");
  if (listen(number, kListenBacklog) != 0) return error_of(errno, "listen.listen");
  if (!address.is_unix()) {
    CLAVIGER_TRY(bound, Address::of_local_end(number));
    made.address_ = bound;
  }
  return made;
}

ListenSocket::~ListenSocket() {
  if (socket_.is_open() && address_.is_unix()) unlink(address_.path().c_str());
}

}  // namespace claviger::net
