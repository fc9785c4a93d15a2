--[[
HTML in a notebook's text, as the blocks and inlines that Jupyter would show.

Only what is listed here is obeyed, and no attribute is; any other tag is printed as it stands.
]]

local function attribute(html, name)
  local _, text = html:match('[%s"\']' .. name .. '%s*=%s*(["\'])(.-)%1')
  return text or html:match('%s' .. name .. '%s*=%s*([^%s"\'>]+)')
end

local INLINES = {  -- from the tag to what stands between it and its end
  sub = pandoc.Subscript, sup = pandoc.Superscript,
  b = pandoc.Strong, strong = pandoc.Strong, i = pandoc.Emph, em = pandoc.Emph,
  u = pandoc.Underline, ins = pandoc.Underline,
  s = pandoc.Strikeout, del = pandoc.Strikeout, strike = pandoc.Strikeout,
  q = function(inside) return pandoc.Quoted('DoubleQuote', inside) end,
}
for _, tag in ipairs{'code', 'kbd', 'tt', 'samp'} do
  INLINES[tag] = function(inside) return pandoc.Code(pandoc.utils.stringify(inside)) end
end
for _, tag in ipairs{'abbr', 'big', 'center', 'font', 'mark', 'small', 'span'} do
  INLINES[tag] = function(inside) return inside end
end

function INLINES.a(inside, html)
  local target = attribute(html, 'href')
  return target and pandoc.Link(inside, target) or inside
end

-- Blocks in which Jupyter reads Markdown, and those that are HTML to their end.
local HOLDS_TEXT = {center = true, details = true, div = true, p = true, section = true}
local WHOLE = {blockquote = true, dl = true, hr = true, ol = true, pre = true, table = true, ul = true}
for level = 1, 6 do WHOLE['h' .. level] = true end

-- The tag of a piece of HTML, and whether it is its end; nil of anything else.
local function tag_of(el)
  if el.format ~= 'html' then return nil end
  local slash, name = el.text:match('^<(/?)(%a%w*)')
  return name and name:lower(), slash == '/'
end

local function is_comment(el) return el.format == 'html' and el.text:find('^<!%-%-') ~= nil end

-- An image whose file is named, of the width that is given.
local function image(html)
  local source = attribute(html, 'src')
  local width = (attribute(html, 'width') or ''):match('^%d+[px%%]*$')
  if width and not width:find('%D') then width = width .. 'px' end
  local sizes = width and {width = width} or {}
  return source and pandoc.Image(attribute(html, 'alt') or '', source, '', sizes)
end

-- The place of the tag that ends the one at `start`, among its equals.
local function ending(inlines, start, tag)
  local open = 0
  for i = start, #inlines do
    local name, closes = tag_of(inlines[i])
    if name == tag then open = open + (closes and -1 or 1) end
    if open == 0 then return i end
  end
end

local function obeyed(inlines)
  local out, i = pandoc.Inlines{}, 1
  while i <= #inlines do
    local el = inlines[i]
    local tag, closes = tag_of(el)
    local last = tag and not closes and INLINES[tag] and ending(inlines, i, tag)
    if last then
      local inside = obeyed(pandoc.Inlines{table.unpack(inlines, i + 1, last - 1)})
      local made = INLINES[tag](inside, el.text)
      if made == inside then out:extend(inside) else out:insert(made) end
      i = last
    elseif tag == 'br' then
      out:insert(pandoc.LineBreak())
    elseif not is_comment(el) then
      out:insert(tag == 'img' and image(el.text) or el)
    end
    i = i + 1
  end
  return out
end

local html = {}

-- Whether a raw element is HTML that Jupyter obeys, and that was not obeyed here.
function html.is_lost(el)
  local tag = tag_of(el)
  return tag and (INLINES[tag] or HOLDS_TEXT[tag] or WHOLE[tag] or tag == 'img')
end

-- Replace the tags among some inlines that can be obeyed; the others stay raw.
html.inlines = obeyed

-- Turn a raw block into blocks, or nil if it cannot be obeyed; `markdown` reads text in it.
function html.blocks(el, markdown)
  if is_comment(el) then return {} end
  local tag = tag_of(el)
  if HOLDS_TEXT[tag] then
    local inside = el.text:match('^<' .. tag .. '[^>]*>(.*)</' .. tag .. '>%s*$')
    if not inside then return nil end
    inside = inside:gsub('<summary[^>]*>%s*(.-)%s*</summary>', '\n\n<strong>%1</strong>\n\n')
    return markdown(inside)
  end
  if WHOLE[tag] then return html.read(el.text) end
end

local function without_attributes(el)
  el.attributes = {}
  return el
end

local function parsed(text)
  return pandoc.read(text, 'html', pandoc.ReaderOptions{columns = 10000}).blocks
end

local ROWS = 200  -- of a table read at once: pandoc takes time by the square of their number

-- The pieces of a text that end with a row, of so many rows each.
local function by_rows(text)
  local pieces, from, count = {}, 1, 0
  for stop in text:gmatch('</tr>()') do
    count = count + 1
    if count % ROWS == 0 then
      table.insert(pieces, text:sub(from, stop - 1))
      from = stop
    end
  end
  table.insert(pieces, text:sub(from))
  return pieces
end

-- Read HTML; if it is one table in which no cell reaches into the next row, piece by piece.
local function parsed_by_rows(text)
  local head, body, foot = text:match('^(.*<tbody[^>]*>)(.*)(</tbody>.*)$')
  local _, tables = text:gsub('<table', '')
  if not body or tables > 1 or body:find('rowspan') then return parsed(text) end
  local pieces = by_rows(body)
  local blocks = parsed(head .. table.remove(pieces, 1) .. foot)
  local rows = pandoc.List{}
  for _, piece in ipairs(pieces) do
    local read = parsed('<table><tbody>' .. piece .. '</tbody></table>')[1]
    if read then rows:extend(read.bodies[1].body) end
  end
  return blocks:walk{Table = function(el)
    el.bodies[1].body:extend(rows)
    return el
  end}
end

-- Read HTML, of which style sheets, scripts and all attributes go.
function html.read(text)
  local function dropped() return {} end
  return parsed_by_rows(text):walk{
    RawBlock = dropped,
    RawInline = dropped,
    Div = function(el) return el.content end,
    Span = function(el) return el.content end,
    Header = without_attributes,
    Code = without_attributes,
    CodeBlock = without_attributes,
    Link = without_attributes,
  }
end

return html
