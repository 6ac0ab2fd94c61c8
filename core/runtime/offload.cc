#include "core/runtime/offload.h"

#include <pthread.h>
#include <sched.h>

#include "core/runtime/thread_schedule.h"

namespace claviger::runtime {

OffloadPool::OffloadPool(std::string name, std::size_t threads, std::size_t queue_max, std::vector<int> cpus,
                         int niceness)
    : queue_max_(queue_max) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, name, i, cpus, niceness] {
      pthread_setname_np(pthread_self(), (name.substr(0, 12) + "-" + std::to_string(i % 100)).c_str());
      if (!cpus.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(cpus[i % cpus.size()]), &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
      }
      if (niceness != 0) give_way(niceness);
      work();
    });
  }
}

void OffloadPool::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

bool OffloadPool::submit(UniqueFunction<void()> job) {
  {
    const std::scoped_lock lock(mutex_);
    if (is_closing_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

std::size_t OffloadPool::queued() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

void OffloadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return is_closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    UniqueFunction<void()> job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = {};
    lock.lock();
  }
}

}  // namespace claviger::runtime
