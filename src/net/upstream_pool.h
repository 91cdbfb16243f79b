// The connections behind Upstreams: how many each server has, which of them are idle, and the tick
// that ends what is past its deadline. Internal to net; on one network thread. Exchanges hold it,
// so that it outlives them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include <boost/intrusive/list.hpp>

#include "net/upstream_connection.h"

namespace farm::net {

class UpstreamPool : public std::enable_shared_from_this<UpstreamPool> {
  struct Server;

 public:
  UpstreamPool(io::Executor executor, UpstreamConfig config);

  // A place among a server's connections, and the connection in it.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }

    UpstreamConnection& connection() const { return *connection_; }
    bool holds_place() const { return pool_ != nullptr; }
    bool connected() const { return connection_ != nullptr; }
    // Closes the connection, if there is one, and makes another in its place.
    io::Task<Result<void>> connect(std::chrono::milliseconds timeout);
    // The connection may be used again.
    void give_back();
    // Closes it.
    void release();

   private:
    friend class UpstreamPool;
    std::shared_ptr<UpstreamPool> pool_;
    Server* server_ = nullptr;
    std::unique_ptr<UpstreamConnection> connection_;
  };

  // With an idle connection if there is one, else not connected yet. kBusy.
  Result<Lease> lease(const UpstreamServer& server);
  // Nobody will ask for connections any more.
  void close();

  const UpstreamConfig& config() const { return config_; }
  UpstreamFigures& figures() { return figures_; }

 private:
  using Steady = std::chrono::steady_clock;
  using Timer =
      boost::asio::basic_waitable_timer<Steady, boost::asio::wait_traits<Steady>, io::Executor>;
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    std::int64_t since_ms = 0;
  };
  struct Server {
    UpstreamServer address;
    std::string name;      // "host:port"
    std::size_t open = 0;  // places taken, idle connections among them
    std::deque<Idle> idle;
  };

  std::unique_ptr<UpstreamConnection> take_idle(Server& server);
  void drop_oldest(Server& server);
  void free_place(Server& server);
  void supervise(UpstreamConnection& connection);
  void start_ticking();
  void tick();

  const io::Executor executor_;
  const UpstreamConfig config_;
  UpstreamFigures figures_;
  std::shared_ptr<HostLookup> lookup_;
  Timer timer_;
  bool ticking_ = false;
  bool closed_ = false;
  std::map<std::string, Server, std::less<>> servers_;
  boost::intrusive::list<Supervised, boost::intrusive::constant_time_size<false>> supervised_;
};

}  // namespace farm::net
