// Addresses of names, remembered for a while: the system's resolver can neither be interrupted nor
// be asked for every request. Internal to net; on one network thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/task.h"

namespace farm::net {

class HostLookup : public std::enable_shared_from_this<HostLookup> {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;

  static constexpr std::chrono::seconds kKept{30};
  static constexpr std::chrono::seconds kKeptWithoutAnswer{2};  // an older answer, or none
  static constexpr std::size_t kMaxNames = 256;

  explicit HostLookup(io::Executor executor) : executor_(executor), resolver_(executor) {}

  // At least one address of `host`, a name or an address itself. Those who ask for one name at a
  // time share a look-up; where a look-up fails or takes longer than `patience`, an older answer
  // does. kUnavailable, kTimeout, kBusy (kMaxNames look-ups under way).
  io::Task<Result<Addresses>> find(std::string host, std::chrono::milliseconds patience);

 private:
  using Steady = std::chrono::steady_clock;
  using Timer =
      boost::asio::basic_waitable_timer<Steady, boost::asio::wait_traits<Steady>, io::Executor>;
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, io::Executor>;

  struct Entry {
    Addresses addresses;
    std::string error;  // of the last look-up, where there are no addresses
    Steady::time_point good_until{};
    bool running = false;
    std::vector<Timer*> waiting;  // for `running` to end
  };

  bool make_room();
  void start(const std::string& host, Entry& entry);
  void finish(const std::string& host, const boost::system::error_code& error,
              const Resolver::results_type& found);

  io::Executor executor_;
  Resolver resolver_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace farm::net
