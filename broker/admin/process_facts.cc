#include "broker/admin/process_facts.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <cstdio>

namespace claviger::admin {

std::string_view version() { return CLAVIGER_VERSION; }

std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION); }

std::string allocator() {
  Dl_info where{};
  void* malloc_function = dlsym(RTLD_DEFAULT, "malloc");
  if (malloc_function == nullptr || dladdr(malloc_function, &where) == 0 || where.dli_fname == nullptr)
    return "unknown";
  const std::string_view path(where.dli_fname);
  const std::string_view file = path.substr(path.rfind('/') + 1);
  void* version_function = dlsym(RTLD_DEFAULT, "mi_version");
  if (version_function == nullptr) return file.starts_with("libc.") ? "libc" : std::string(file);
  const int number = reinterpret_cast<int (*)()>(version_function)();
  const std::string name = "mimalloc " + std::to_string(number / 100) + "." + std::to_string(number / 10 % 10) + "." +
                           std::to_string(number % 10);
  // Loaded is not enough: another library may stand before it and answer for malloc.
  return file.starts_with("libmimalloc") ? name : name + ", but malloc is of " + std::string(file);
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace claviger::admin
