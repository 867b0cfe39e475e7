# Sluice as an image: dependencies are installed in one stage, the second one holds only what runs.
FROM node:24-slim AS dependencies
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
# The npm package `node` brings Node 24 to machines with an older one; this image has it already.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node node_modules/node-bin-*

FROM node:24-slim
WORKDIR /sluice
COPY --from=dependencies /sluice/node_modules ./node_modules
COPY package.json LICENSE README.md ./
COPY src ./src
COPY plugins ./plugins
COPY conf ./conf
RUN mkdir -p /etc/sluice /var/lib/sluice && cp conf/*.conf /etc/sluice/ && chown -R node:node /var/lib/sluice
# What Node makes of the source at a first start comes along, or every start of a container would be one (15 MB and
# 0.2 s of CPU). Node keeps it for each user apart: root's, then node's.
ENV NODE_COMPILE_CACHE=/sluice/.compile_cache
RUN node src/sluice.js --help-json > /dev/null && chown node .compile_cache
# Container logs of a node are readable by root only: a DaemonSet sets runAsUser: 0, everything else needs no root.
# Two heaps of the C library: one for the main thread, one for its helpers, which would have one each otherwise (5 MB).
ENV MALLOC_ARENA_MAX=2
USER node
RUN node src/sluice.js --help-json > /dev/null
EXPOSE 2020
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--max-semi-space-size=8", "--v8-pool-size=1", "/sluice/src/sluice.js"]
CMD ["-c", "/etc/sluice/fluent-bit.conf"]
